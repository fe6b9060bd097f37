"""`comply check`: what is checked, what is said, and the exit code."""

import io
import json
import sys
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import jsonschema
import pytest

from comply.cli.main import run
from comply.plan.values import Value

ROOT = Path(__file__).parents[1]
DEMO = ROOT / "fixtures/demo"
SCHEMA = json.loads((ROOT / "schemas/findings.schema.json").read_text())

POD = """apiVersion: v1
kind: Pod
metadata: {name: a, labels: {tier: %s}}
"""
TIER = """package tier
import rego.v1
# METADATA
# title: No tier three
# custom: {severity: low}
deny contains "tier three" if input.metadata.labels.tier == "three"
warn contains "tier two" if input.metadata.labels.tier == "two"
"""


@dataclass(frozen=True)
class Outcome:
    """What a command wrote and returned."""

    code: int
    out: str
    err: str

    @property
    def report(self) -> Value:
        report = json.loads(self.out)
        jsonschema.validate(report, SCHEMA)
        return report


Comply = Callable[..., Outcome]


@pytest.fixture(name="comply")
def _comply(
    capsys: pytest.CaptureFixture[str],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> Comply:
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("NO_COLOR", raising=False)
    monkeypatch.delenv("FORCE_COLOR", raising=False)

    def call(*arguments: object) -> Outcome:
        code = run([str(a) for a in arguments])
        captured = capsys.readouterr()
        return Outcome(code, captured.out, captured.err)

    return call


@pytest.fixture(name="tier")
def _tier(tmp_path: Path) -> Path:
    path = tmp_path / "policy" / "tier.rego"
    path.parent.mkdir()
    path.write_text(TIER)
    return path


def pod(path: Path, tier: str = "one") -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(POD % tier)
    return path


@pytest.mark.parametrize(("level", "code"), [("one", 0), ("two", 0), ("three", 1)])
def test_exit_codes(
    comply: Comply, tmp_path: Path, tier: Path, level: str, code: int
) -> None:
    outcome = comply("check", pod(tmp_path / "a.yaml", level), "-r", tier)
    assert outcome.code == code
    assert outcome.err == ""


def test_the_threshold(comply: Comply, tmp_path: Path, tier: Path) -> None:
    bad = pod(tmp_path / "a.yaml", "three")
    assert comply("check", bad, "-r", tier, "--fail-on", "low").code == 1
    assert comply("check", bad, "-r", tier, "--fail-on", "medium").code == 0


def test_the_demo_in_one_command(comply: Comply) -> None:
    outcome = comply("check", DEMO, "-f", "json")
    assert outcome.code == 1
    report = outcome.report
    assert report["checked"]["packs"] == [
        "terraform/baseline",
        "kubernetes/baseline",
        "oracle/schema",
    ]
    found = {(f["rule_id"], f["fact"]) for f in report["findings"]}
    assert {
        ("terraform/baseline/no-public-rds", "aws_db_instance.orders"),
        ("terraform/baseline/no-public-s3", "aws_s3_bucket.exports"),
        (
            "kubernetes/baseline/no-privileged-containers",
            "apps/v1/Deployment/shop/orders",
        ),
        ("oracle/schema/primary-key", "ORDER_NOTES"),
    } <= found
    assert all(Path(f["location"]["file"]).is_file() for f in report["findings"])


@pytest.mark.parametrize("name", ["db-host.rego", "db-host.sql"])
def test_a_rule_may_join_two_worlds(comply: Comply, name: str) -> None:
    outcome = comply("check", DEMO, "-r", DEMO / "policy" / name, "-f", "json")
    [finding] = outcome.report["findings"]
    assert finding["fact"] == "apps/v1/Deployment/shop/orders"
    assert finding["location"]["file"].endswith("deploy/orders.yaml")
    assert outcome.code == 1


def test_this_folder_is_checked_without_arguments(
    comply: Comply, tmp_path: Path
) -> None:
    pod(tmp_path / "deploy/a.yaml")
    outcome = comply("check")
    assert "packs that fit: kubernetes/baseline" in outcome.out
    assert "deploy/a.yaml" in outcome.out


def test_what_is_left_out_is_said(comply: Comply, tmp_path: Path, tier: Path) -> None:
    pod(tmp_path / "a.yaml")
    (tmp_path / "values.yaml").write_text("replicas: 1\n")
    (tmp_path / "notes.yaml").write_text("apiVersion is a word, kind is one\n")
    (tmp_path / "comply.yaml").write_text("")
    chart = tmp_path / "chart/templates"
    chart.mkdir(parents=True)
    (chart / "b.yaml").write_text("apiVersion: v1\nkind: {{ .Values.kind }}\n")
    (tmp_path / "c.yaml").write_text("apiVersion: v1\nkind: {{ .Values.kind }}\n")
    (tmp_path / "d.yaml").symlink_to("/etc/hostname")
    outcome = comply("check", ".", "--pack", "kubernetes/baseline")
    assert "2 Helm templates not checked" in outcome.out
    assert "1 rule file not used" in outcome.out
    assert "d.yaml: not checked, a link that leads out" in outcome.out
    assert "2 files of no kind that comply checks" in outcome.out
    named = comply("check", ".", "-r", tier)
    assert "rule file" not in named.out
    assert "packs that fit" not in named.out


def test_standard_input(
    comply: Comply, monkeypatch: pytest.MonkeyPatch, tier: Path
) -> None:
    text = (POD % "three").encode()
    monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(text)))
    outcome = comply("check", "-", "-r", tier, "-f", "json")
    assert outcome.report["findings"][0]["location"]["file"] == "<stdin>"


def test_several_reports(comply: Comply, tmp_path: Path, tier: Path) -> None:
    bad = pod(tmp_path / "a.yaml", "three")
    both = comply("check", bad, "-r", tier, "-f", "text", "-f", "json=out.json")
    assert "1 violation" in both.out
    assert json.loads((tmp_path / "out.json").read_text())["summary"]["total"] == 1
    file = comply("check", bad, "-r", tier, "-f", "json", "-o", "o.json")
    assert (file.code, file.out) == (1, "")
    assert (tmp_path / "o.json").exists()


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["-f", "papyrus"], "There is no format 'papyrus'"),
        (["-f", "text", "-f", "json"], "the same place"),
        (["--now", "soon"], "'soon' is no time"),
        (["--fail-on", "much"], "'much' is not one of"),
        (["--nonsense"], "No such option"),
        (["--config", "absent.yaml"], "absent.yaml: no such file"),
        (["-o", "absent/out.txt"], "cannot be written"),
        (["--pack", "terraform/nonsense"], "there is no pack"),
        (["-r", "absent.rego"], "absent.rego"),
    ],
)
def test_mistakes_on_the_command_line(
    comply: Comply, tmp_path: Path, arguments: list[str], message: str
) -> None:
    outcome = comply("check", pod(tmp_path / "a.yaml"), *arguments)
    assert outcome.code == 2
    assert message in outcome.err
    assert "Traceback" not in outcome.err


def test_the_clock_is_an_option(comply: Comply, tmp_path: Path) -> None:
    rule = tmp_path / "r.rego"
    rule.write_text(
        "package r\nimport rego.v1\n"
        'deny contains sprintf("%d", [time.now_ns()]) if input.kind == "Pod"\n'
    )
    bad = pod(tmp_path / "a.yaml")
    for text in ("2026-01-02T03:04:05Z", "2026-01-02T03:04:05"):
        outcome = comply("check", bad, "-r", rule, "--now", text, "-f", "json")
        assert outcome.report["findings"][0]["message"] == "1767323045000000000"


def test_secrets_reach_no_report(comply: Comply, tmp_path: Path) -> None:
    rule = tmp_path / "leak.rego"
    rule.write_text(
        "package leak\nimport rego.v1\n"
        'deny contains sprintf("%v %v", [r.address, r.change.after]) if {\n'
        "  some r in input.resource_changes\n}\n"
        "deny contains input.output_changes.dsn.after\n"
    )
    for name in ("text", "json"):
        outcome = comply("check", DEMO / "plan.json", "-r", rule, "-f", name)
        assert outcome.code == 1
        assert "(sensitive)" in outcome.out
        assert "Wint3r" not in outcome.out


def test_colours(
    comply: Comply, tmp_path: Path, tier: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    bad = pod(tmp_path / "a.yaml", "three")
    assert "\x1b" not in comply("check", bad, "-r", tier).out
    assert "\x1b" in comply("check", bad, "-r", tier, "--color", "always").out
    monkeypatch.setenv("FORCE_COLOR", "1")
    assert "\x1b" in comply("check", bad, "-r", tier).out
    monkeypatch.setenv("NO_COLOR", "1")
    assert "\x1b" not in comply("check", bad, "-r", tier).out


def test_an_errored_plan_is_not_clean(comply: Comply, tmp_path: Path) -> None:
    plan = tmp_path / "p.json"
    plan.write_text(
        '{"format_version": "1.2", "resource_changes": [], "errored": true}'
    )
    outcome = comply("check", plan, "-f", "json")
    assert outcome.code == 2
    assert outcome.report["findings"][0]["rule_id"] == "comply/plan-errored"
