"""A second run costs what changed: 5,000 manifest files, one changed, under 0.35 s.

Whole processes of `comply check` over a tree of 5,000 manifest files with the Kubernetes
baseline: the first run, a run over the unchanged tree (under 0.25 s), and a run after one
file changed. Checkov with its Kubernetes checks over the same tree, if it is on the PATH,
or named by the variable CHECKOV: it keeps nothing between runs.
"""

import os
import shutil
import time
from pathlib import Path
from tempfile import TemporaryDirectory

from generate import write_manifests
from measure import Bar, Outcome, Verdict, comply, median, output, process, scaled, show

FILES = scaled(5_000, 60)
REPEATS = scaled(7, 3)
FINDINGS = 1


def run() -> Outcome:
    """Return the first run, the second, and the one after a change."""
    with TemporaryDirectory() as folder:
        tree = Path(folder) / "manifests"
        write_manifests(FILES, tree)
        files = sorted(tree.rglob("*.yaml"))
        assert len(files) == FILES
        os.environ["COMPLY_CACHE_DIR"] = str(Path(folder) / "cache")
        check = comply("check", tree, "--pack", "kubernetes/baseline")
        first = median(lambda: output(check, FINDINGS), 1)
        unchanged = process(check, REPEATS, FINDINGS)
        changed = sorted(_after_a_change(check, path) for path in files[:REPEATS])
        bars = [
            Bar("comply, first run", first),
            Bar("comply, nothing changed", unchanged),
            Bar("comply, one file changed", changed[REPEATS // 2]),
        ]
        peer = os.environ.get("CHECKOV") or shutil.which("checkov")
        if peer is not None:
            bars.append(Bar("Checkov", _checkov(peer, tree)))
    verdicts = (
        Verdict("nothing changed, ms", bars[1].value, "at most", 250),
        Verdict("one file changed, ms", bars[2].value, "at most", 350),
    )
    notes = "" if peer else "Checkov is not installed here, so it was not measured."
    return Outcome(__doc__, tuple(bars), verdicts, notes)


def _after_a_change(check: list[str | Path], path: Path) -> float:
    """Return the time of a run after `path` got a privileged pod."""
    before = output(check, FINDINGS)
    path.write_text(
        "apiVersion: v1\nkind: Pod\nmetadata: {name: changed}\nspec:\n  containers:\n"
        "    - {name: a, image: b, securityContext: {privileged: true}}\n"
    )
    start = time.perf_counter()
    after = output(check, FINDINGS)
    taken = (time.perf_counter() - start) * 1000
    assert before != after
    assert "changed" in after
    return taken


def _checkov(peer: str, tree: Path) -> float:
    command: list[str | Path] = [
        peer,
        "--framework",
        "kubernetes",
        "--compact",
        "--quiet",
        "-d",
        tree,
    ]
    return median(lambda: output(command, FINDINGS), 1)


if __name__ == "__main__":
    show(run())
