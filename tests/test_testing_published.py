"""A tree in the style of published Spacelift policies: every test in it passes."""

import subprocess
import sys
from collections import Counter
from pathlib import Path

from comply.testing.files import find_files
from comply.testing.results import Outcome
from comply.testing.suite import Options, run_suite

WRITE = Path(__file__).parents[1] / "benchmarks" / "policy_tree.py"


def test_all_results_are_right(tmp_path: Path) -> None:
    subprocess.run([sys.executable, str(WRITE), str(tmp_path)], check=True)
    report = run_suite(find_files([tmp_path]), Options(coverage=True))
    assert report.files == 130
    assert not report.problems
    assert Counter(r.outcome for r in report.results) == {Outcome.PASS: 249}
    assert report.coverage is not None
    assert len(report.coverage) == 71


def test_a_broken_policy_breaks_its_own_tests_only(tmp_path: Path) -> None:
    subprocess.run([sys.executable, str(WRITE), str(tmp_path)], check=True)
    policy = tmp_path / "approval" / "approval-3.rego"
    policy.write_text(policy.read_text().replace('"PROPOSED"', '"TRACKED"'))
    report = run_suite(find_files([tmp_path]), Options())
    failed = [r for r in report.results if r.outcome is not Outcome.PASS]
    assert {r.span.file for r in failed} == {
        str(tmp_path / "approval" / "approval-3_test.rego")
    }
    assert all(r.reasons or r.message for r in failed)
