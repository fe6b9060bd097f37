"""1,000 manifests with all Kubernetes rules: 10 times Checkov's speed cold, 30 times warm.

Whole processes over the same tree of 1,000 manifest files: `comply check` with every
Kubernetes pack that ships, cold (nothing kept by an earlier run, not even compiled rules)
and warm (a second run over the unchanged tree), and Checkov with all its Kubernetes checks,
which keeps nothing between runs. Before speed is compared, both have to name the same
objects with privileged containers. Checkov has more checks than comply has rules, so it is
also run with only those that say what comply's rules say. It is found on the PATH, or named
by the variable CHECKOV.
"""

import json
import os
import shutil
from pathlib import Path
from tempfile import TemporaryDirectory

from generate import write_manifests
from measure import (
    RULES,
    Bar,
    Outcome,
    Verdict,
    comply,
    median,
    output,
    ratio,
    scaled,
    show,
)

FILES = scaled(1_000, 60)
REPEATS = scaled(5, 1)
PEER_REPEATS = scaled(3, 1)
FINDINGS = 1
PRIVILEGED = "CKV_K8S_16"
ALIKE = (PRIVILEGED, "CKV_K8S_10", "CKV_K8S_11", "CKV_K8S_12", "CKV_K8S_13")
"""Privileged containers, requests and limits: Checkov has no required labels."""


def run() -> Outcome:
    """Return comply's first and second runs, and Checkov's, over one tree."""
    peer = os.environ.get("CHECKOV") or shutil.which("checkov")
    if peer is None:
        return Outcome(__doc__, skipped="Checkov is not installed here")
    with TemporaryDirectory() as folder:
        tree = Path(folder) / "manifests"
        write_manifests(FILES, tree)
        assert len(list(tree.rglob("*.yaml"))) == FILES
        cache = Path(folder) / "cache"
        os.environ["COMPLY_CACHE_DIR"] = str(cache)
        packs = sorted(pack.name for pack in (RULES / "kubernetes").iterdir())
        named = [w for pack in packs for w in ("--pack", f"kubernetes/{pack}")]
        check = comply("check", tree, *named)
        scan: list[str | Path] = [peer, "--framework", "kubernetes", "-d", tree]
        scan += ["--compact", "--quiet", "--skip-download"]
        few = [*scan, "--check", ",".join(ALIKE)]
        objects = _same_objects(check, scan)

        def cold() -> str:
            shutil.rmtree(cache, ignore_errors=True)
            return output(check, FINDINGS)

        bars = (
            Bar("comply, cold", median(cold, REPEATS)),
            Bar("comply, warm", median(lambda: output(check, FINDINGS), REPEATS)),
            Bar("Checkov", median(lambda: output(scan, FINDINGS), PEER_REPEATS)),
            Bar(
                "Checkov, only the checks that comply has too",
                median(lambda: output(few, FINDINGS), PEER_REPEATS),
            ),
        )
    first, second, all_checks, few_checks = (bar.value for bar in bars)
    verdicts = (
        Verdict("times faster, cold", ratio(all_checks, first), "at least", 10),
        Verdict("times faster, warm", ratio(all_checks, second), "at least", 30),
    )
    notes = (
        f"{_rules(packs)} rules of comply; both named the same {objects} objects with "
        f"privileged containers. Against the few checks of Checkov, comply is "
        f"{ratio(few_checks, first):.1f} times faster cold and "
        f"{ratio(few_checks, second):.1f} times warm."
    )
    return Outcome(__doc__, bars, verdicts, notes)


def _same_objects(check: list[str | Path], scan: list[str | Path]) -> int:
    """Return how many objects both find privileged containers in.

    Raises:
        AssertionError: if they are not the same objects.
    """
    found = json.loads(output([*check, "-f", "json"], FINDINGS))["findings"]
    ours = {
        tuple(finding["fact"].split("/")[-3:])
        for finding in found
        if finding["rule_id"].endswith("/no-privileged-containers")
    }
    told = json.loads(output([*scan, "--check", PRIVILEGED, "-o", "json"], FINDINGS))
    failed = told["results"]["failed_checks"]
    theirs = {tuple(one["resource"].split(".", 2)) for one in failed}
    assert ours == theirs, ours ^ theirs
    assert ours
    return len(ours)


def _rules(packs: list[str]) -> int:
    return sum(1 for pack in packs for _ in (RULES / "kubernetes" / pack).iterdir())


if __name__ == "__main__":
    show(run())
