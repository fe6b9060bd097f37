"""A run that nothing changed for: its report is said again, and any other run is run."""

import contextlib
import io
import os
import re
import shutil
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from hypothesis import settings as profile
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, rule
from tests.cached_trees import CLOCK, NAMED, SETTLED, TIER, manifest, new_tree

from comply.cli import main, same_run
from comply.cli.cached_check import check_files
from comply.cli.same_run import LARGEST, SUFFIX
from comply.cli.settings import VARIABLES

TICK = 0.012
"""Seconds after which every file system here gives another time."""

LINE = ("check", "tree", "-r", "rules")

Said = tuple[int, str]


def said(*arguments: str) -> Said:
    """Return the exit code and the report of a run, the seconds it took left out."""
    page = io.StringIO()
    with contextlib.redirect_stdout(page):
        code = main.run(list(arguments))
    return code, re.sub(r"\d+\.\d\d s\n$", "", page.getvalue())


def kept() -> list[Path]:
    return list(Path("cache").glob(f"*{SUFFIX}"))


@pytest.fixture(name="tree")
def _tree(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Return a tree of manifests, with the clock so late that all of it is old."""
    tree = new_tree(tmp_path, monkeypatch)
    shutil.rmtree(tree / "demo")
    (tree / "sub").mkdir()
    (tree / "sub" / "s.yaml").write_text(manifest("Pod", "s", "one"))
    rules = tmp_path / "rules"
    rules.mkdir()
    (rules / "named.rego").write_text(NAMED)
    (rules / "deep").mkdir()
    (rules / "deep" / "tier.rego").write_text(TIER)
    real = time.time_ns
    monkeypatch.setattr(time, "time_ns", lambda: real() + SETTLED)
    return tree


@pytest.fixture(name="again")
def _again(
    tree: Path, monkeypatch: pytest.MonkeyPatch
) -> Callable[..., tuple[bool, Said]]:
    """Return what runs a line: whether the report was said again, and what it was."""
    ran: list[list[str]] = []
    real = main._run_command

    def noted(arguments: list[str], asked: Any) -> int:
        ran.append(arguments)
        return real(arguments, asked)

    monkeypatch.setattr(main, "_run_command", noted)

    def run(*line: str) -> tuple[bool, Said]:
        ran.clear()
        found = said(*(line or LINE))
        return not ran, found

    return run


def test_a_report_is_said_again(again: Callable[..., Any]) -> None:
    repeated, first = again()
    assert not repeated
    assert first[0] == 2
    assert "broken.yaml" in first[1]
    assert first == said(*LINE, "--no-cache")
    for _ in range(2):
        assert again() == (True, first)


def test_the_time_it_takes_is_its_own(
    again: Callable[..., Any], capsys: pytest.CaptureFixture[str]
) -> None:
    again()
    capsys.readouterr()
    main.run(list(LINE))
    assert re.search(r", \d\.\d\d s\n$", capsys.readouterr().out)


def test_no_document_is_looked_into(
    again: Callable[..., Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    _, first = again()
    opened: list[str] = []
    real = open

    def spy(path: Any, *more: Any, **named: Any) -> Any:
        opened.append(str(path))
        return real(path, *more, **named)

    monkeypatch.setattr("builtins.open", spy)
    assert again() == (True, first)
    assert [Path(name).suffix for name in opened] == [SUFFIX]


def _write(name: str, text: str) -> Callable[[], None]:
    def write() -> None:
        Path(name).parent.mkdir(exist_ok=True)
        Path(name).write_text(text)

    return write


def _restored() -> None:
    """Change what a file says, not its size and its time of change."""
    path = Path("tree/m1.yaml")
    state = path.stat()
    text = path.read_text()
    path.write_text(text.replace("n1", "x1"))
    assert path.stat().st_size == state.st_size
    os.utime(path, ns=(state.st_atime_ns, state.st_mtime_ns))


def _become(make: Callable[[Path], object]) -> Callable[[], None]:
    def become() -> None:
        path = Path("tree/sub/s.yaml")
        path.unlink()
        make(path)

    return become


EDITS: dict[str, Callable[[], object]] = {
    "a file says something else": _write("tree/m1.yaml", manifest("Pod", "z", "one")),
    "one of its size and time": _restored,
    "a file is touched": lambda: Path("tree/m1.yaml").touch(),
    "a file comes": _write("tree/more.yaml", manifest("Pod", "w", "one")),
    "a file comes to a folder": _write("tree/sub/t.yaml", manifest("Pod", "w", "one")),
    "a folder comes": _write("tree/new/t.yaml", manifest("Pod", "w", "one")),
    "a file goes": lambda: Path("tree/sub/s.yaml").unlink(),
    "a folder goes": lambda: shutil.rmtree("tree/sub"),
    "a file has another name": lambda: Path("tree/m1.yaml").rename("tree/z.yaml"),
    "a file lies elsewhere": lambda: Path("tree/m1.yaml").rename("tree/sub/m1.yaml"),
    "a file becomes a folder": _become(Path.mkdir),
    "a file becomes a link": _become(lambda path: path.symlink_to("../m1.yaml")),
    "the tree is another": lambda: (
        Path("tree").rename("old"),
        shutil.copytree("old", "tree", copy_function=shutil.copy2),
    ),
    "a rule says something else": _write("rules/named.rego", NAMED.replace("2", "3")),
    "a rule comes": _write("rules/deep/x.rego", NAMED.replace("named", "more")),
    "a folder of rules comes": _write("rules/d/x.rego", NAMED.replace("named", "more")),
    "a rule goes": lambda: Path("rules/deep/tier.rego").unlink(),
    "a rule does not compile": _write("rules/x.rego", "package x\ndeny contains y"),
    "settings come": _write("comply.yaml", "exclude: ['tree/m*']\n"),
}


@pytest.mark.parametrize("edit", EDITS)
def test_what_is_not_as_it_was_is_checked(again: Callable[..., Any], edit: str) -> None:
    again()
    assert kept()
    time.sleep(TICK)
    EDITS[edit]()
    expected = said(*LINE, "--no-cache")
    assert again() == (False, expected)
    assert again()[1] == expected


@pytest.mark.parametrize("settings", ["exclude: ['tree/m*']\n", "fail_on: high\n"])
def test_settings_that_change_count(again: Callable[..., Any], settings: str) -> None:
    Path("comply.yaml").write_text("fail_on: low\n")
    again()
    assert again()[0]
    time.sleep(TICK)
    Path("comply.yaml").write_text(settings)
    assert again() == (False, said(*LINE, "--no-cache"))
    assert again()[0]
    Path("comply.yaml").unlink()
    assert again() == (False, said(*LINE, "--no-cache"))


def test_a_baseline_that_changes_counts(again: Callable[..., Any]) -> None:
    Path("tree/broken.yaml").unlink()
    Path("tree/a.yaml").write_text(manifest("Pod", "a", "two"))
    with contextlib.redirect_stdout(io.StringIO()):
        assert main.run(["baseline", "create", *LINE[1:]]) == 0
    (file,) = (p for p in Path().glob("*baseline*") if p.is_file())
    line = (*LINE, "--baseline", str(file))
    first = again(*line)
    assert not first[0]
    assert first[1][0] == 0
    assert again(*line) == (True, first[1])
    time.sleep(TICK)
    file.write_text("[]" if file.suffix == ".json" else "")
    repeated, found = again(*line)
    assert not repeated
    assert found != first[1]


OTHERS = (
    ("check", "tree"),
    ("check", "tree", "-r", "rules", "--fail-on", "high"),
    ("check", "./tree", "-r", "rules"),
    ("check", "tree/sub", "-r", "rules"),
    ("check", "tree", "-r", "rules/named.rego"),
)


def test_other_words_are_another_run(again: Callable[..., Any]) -> None:
    again()
    for line in OTHERS:
        assert again(*line) == (False, said(*line, "--no-cache"))
        assert again(*line)[0]


def test_packs_are_looked_at(
    again: Callable[..., Any], monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    from comply.rules import files

    root = tmp_path / "packs"
    shutil.copytree(files.builtin_root(), root)
    monkeypatch.setattr(files, "builtin_root", lambda: root)
    line = ("check", "tree")
    again(*line)
    assert again(*line)[0]
    time.sleep(TICK)
    (root / "kubernetes" / "baseline" / "more.rego").write_text(NAMED)
    repeated, found = again(*line)
    assert not repeated
    assert found == said(*line, "--no-cache")


def test_another_folder_is_another_run(
    again: Callable[..., Any], monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    again()
    shutil.copytree("tree", "other/tree")
    shutil.copytree("rules", "other/rules")
    monkeypatch.chdir("other")
    assert again()[0] is False
    monkeypatch.chdir(tmp_path)
    assert again()[0] is True


@pytest.mark.parametrize(
    "variable",
    [*(f"COMPLY_{name.upper()}" for name in VARIABLES), "FORCE_COLOR", "COLUMNS"],
)
def test_each_variable_that_counts_is_looked_at(
    variable: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    before = same_run._name(["check"])
    monkeypatch.setenv(variable, "1")
    assert same_run._name(["check"]) != before


def test_no_password_is_kept_in_any_form(monkeypatch: pytest.MonkeyPatch) -> None:
    before = same_run._name(["check"])
    monkeypatch.setenv("COMPLY_ORACLE_PASSWORD", "tiger")
    assert same_run._name(["check"]) == before


def test_colours_are_not_said_where_none_are_wanted(
    again: Callable[..., Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    _, plain = again()
    monkeypatch.setenv("FORCE_COLOR", "1")
    repeated, found = again()
    assert not repeated
    assert "\x1b[" in found[1]
    monkeypatch.delenv("FORCE_COLOR")
    assert again() == (True, plain)


def test_exceptions_end_with_their_day(
    again: Callable[..., Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    again()
    tomorrow = time.time() + 86_400
    monkeypatch.setattr(time, "time", lambda: tomorrow)
    assert again()[0] is False
    assert again()[0] is True


def test_another_comply_says_its_own(
    again: Callable[..., Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    again()
    monkeypatch.setattr(same_run, "build", lambda: [("2.0", 0, 0)])
    assert again()[0] is False


@pytest.mark.parametrize(
    "more",
    [
        ("--no-cache",),
        ("-f", "json"),
        ("-f", "text", "-f", "json=out.json"),
        ("-o", "out.txt"),
        ("-r", "clock.rego"),
        ("-r", "broken.rego"),
    ],
)
def test_what_is_not_kept(again: Callable[..., Any], more: tuple[str, ...]) -> None:
    Path("clock.rego").write_text(CLOCK)
    Path("broken.rego").write_text("package x\ndeny contains y")
    for _ in range(2):
        assert again(*LINE, *more)[0] is False
    assert not kept()


def test_links_are_followed_each_time(again: Callable[..., Any]) -> None:
    """Whether one leads out of the tree is not told by what it leads to."""
    Path("tree/sub/link.yaml").symlink_to("s.yaml")
    for _ in range(2):
        assert again()[0] is False
    assert not kept()


def test_a_tree_of_this_moment_is_not_trusted(
    again: Callable[..., Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    written = Path("rules").stat().st_ctime_ns
    monkeypatch.setattr(time, "time_ns", lambda: written)
    for _ in range(2):
        assert again()[0] is False
    assert not kept()


@pytest.mark.parametrize(
    "name", ["tree/m1.yaml", "tree/new.yaml", "rules/named.rego", "comply.yaml"]
)
def test_what_changes_during_a_run_is_not_what_it_saw(
    again: Callable[..., Any], monkeypatch: pytest.MonkeyPatch, name: str
) -> None:
    monkeypatch.setattr(time, "time_ns", _now)
    time.sleep(0.12)
    real = check_files

    def change_and_check(*given: Any) -> Any:
        found = real(*given)
        Path(name).write_text("# nothing\n")
        return found

    with monkeypatch.context() as patch:
        patch.setattr("comply.cli.check.check_files", change_and_check)
        again()
    assert again() == (False, said(*LINE, "--no-cache"))


def _now() -> int:
    return time.clock_gettime_ns(time.CLOCK_REALTIME)


def test_a_file_that_changed_is_the_only_one_read(
    again: Callable[..., Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    again()
    time.sleep(TICK)
    Path("tree/m1.yaml").write_text(manifest("Pod", "z", "one"))
    expected = said(*LINE, "--no-cache")
    opened: list[str] = []
    real, scan = Path.read_bytes, os.scandir

    def noted(path: Path) -> bytes:
        opened.append(path.name)
        return real(path)

    def watched(folder: Any) -> Any:
        assert not str(folder).startswith("tree")
        return scan(folder)

    with monkeypatch.context() as patch:
        patch.setattr(Path, "read_bytes", noted)
        patch.setattr(os, "scandir", watched)
        assert again() == (False, expected)
    # Of a broken file nobody knows that it holds no exception.
    assert set(opened) == {"m1.yaml", "broken.yaml"}
    assert again() == (True, expected)


def test_files_that_were_only_touched_are_not_checked(
    again: Callable[..., Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    _, first = again()
    time.sleep(TICK)
    for path in Path("tree").glob("m*.yaml"):
        path.touch()

    def refuse(*_: Any) -> None:
        raise AssertionError

    monkeypatch.setattr("comply.cli.file_records.Checker.record", refuse)
    assert again() == (False, first)
    assert again() == (True, first)


def test_a_file_that_was_named_may_become_a_folder(again: Callable[..., Any]) -> None:
    line = ("check", "tree/m1.yaml", "tree/m2.yaml", "-r", "rules")
    again(*line)
    assert again(*line)[0]
    time.sleep(TICK)
    Path("tree/m1.yaml").unlink()
    Path("tree/m1.yaml").mkdir()
    Path("tree/m1.yaml/x.yaml").write_text(manifest("Pod", "z", "one"))
    assert again(*line) == (False, said(*line, "--no-cache"))
    shutil.rmtree("tree/m1.yaml")
    assert again(*line) == (False, said(*line, "--no-cache"))


def test_a_folder_that_becomes_a_link_is_not_looked_into(
    again: Callable[..., Any], tmp_path: Path
) -> None:
    again()
    time.sleep(TICK)
    Path("tree/sub").rename(tmp_path / "moved")
    Path("tree/sub").symlink_to(tmp_path / "moved")
    assert again() == (False, said(*LINE, "--no-cache"))


def test_findings_that_json_would_change_are_made_anew(
    again: Callable[..., Any],
) -> None:
    Path("rules/number.rego").write_text(
        'package number\ndeny contains {"msg": "m", "details": {"n": 0.1 + 0.20}}'
        ' if input.metadata.name == "n3"\n'
    )
    again()
    assert again()[0]
    time.sleep(TICK)
    Path("tree/m1.yaml").write_text(manifest("Pod", "z", "one"))
    assert again() == (False, said(*LINE, "--no-cache"))


@pytest.mark.parametrize("keep", [0, 10, 31, 32, 33, 100, -1])
def test_a_truncated_file_says_nothing(again: Callable[..., Any], keep: int) -> None:
    _, first = again()
    (file,) = kept()
    file.write_bytes(file.read_bytes()[:keep])
    assert again() == (False, first)
    assert again() == (True, first)


def test_a_damaged_file_says_nothing(again: Callable[..., Any]) -> None:
    _, first = again()
    (file,) = kept()
    raw = file.read_bytes()
    for at in range(0, len(raw), len(raw) // 9):
        file.write_bytes(raw[:at] + bytes([raw[at] ^ 1]) + raw[at + 1 :])
        assert again() == (False, first)


def test_a_folder_that_others_can_write_to_is_not_trusted(
    again: Callable[..., Any],
) -> None:
    again()
    Path("cache").chmod(0o777)
    assert again()[0] is False


def test_without_a_place_to_keep_things_nothing_is_kept(
    again: Callable[..., Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    again()
    monkeypatch.delenv("COMPLY_CACHE_DIR")
    monkeypatch.delenv("XDG_CACHE_HOME", raising=False)
    monkeypatch.setenv("HOME", "~")
    monkeypatch.setattr("os.path.expanduser", lambda _: "~")
    for _ in range(2):
        assert again()[0] is False


def test_reports_that_were_used_least_recently_go(
    again: Callable[..., Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    for line in OTHERS[:3]:
        again(*line)
    oldest, *_ = sorted(kept(), key=lambda p: p.stat().st_mtime_ns)
    size = max(p.stat().st_size for p in kept())
    monkeypatch.setattr(same_run, "LARGEST", 2 * size + 10)
    again(*OTHERS[3])
    assert len(kept()) == 3
    assert oldest not in kept()
    assert size < LARGEST


class Runs(RuleBasedStateMachine):
    """Files, rules and settings change in all ways; each run says what a first one says."""

    def __init__(self) -> None:
        super().__init__()
        self.patch = pytest.MonkeyPatch()
        self.root = Path(tempfile.mkdtemp())
        self.patch.chdir(self.root)
        self.patch.setenv("COMPLY_CACHE_DIR", str(self.root / "cache"))
        Path("tree/sub").mkdir(parents=True)
        Path("rules").mkdir()
        Path("rules/named.rego").write_text(NAMED)
        Path("tree/a.yaml").write_text(manifest("Pod", "a", "two"))
        real = time.time_ns
        self.patch.setattr(time, "time_ns", lambda: real() + SETTLED)

    def teardown(self) -> None:
        self.patch.undo()
        shutil.rmtree(self.root)

    files = st.sampled_from(
        ("tree/a.yaml", "tree/b.yaml", "tree/sub/c.yaml", "tree/sub/d.txt")
    )

    @rule(
        name=files,
        kind=st.sampled_from(("Pod", "Service")),
        called=st.sampled_from(("a", "b", "cc")),
    )
    def write(self, name: str, kind: str, called: str) -> None:
        time.sleep(TICK)
        Path(name).write_text(manifest(kind, called, "two"))

    @rule(name=files, other=files)
    def rename(self, name: str, other: str) -> None:
        time.sleep(TICK)
        if Path(name).exists():
            Path(name).replace(other)

    @rule(name=files)
    def remove(self, name: str) -> None:
        time.sleep(TICK)
        Path(name).unlink(missing_ok=True)

    @rule(name=st.sampled_from(("named", "tier")), text=st.sampled_from((NAMED, TIER)))
    def write_rule(self, name: str, text: str) -> None:
        time.sleep(TICK)
        Path(f"rules/{name}.rego").write_text(text)

    @rule(refused=st.sampled_from(("one", "two", "")))
    def configure(self, refused: str) -> None:
        time.sleep(TICK)
        if refused:
            text = f"parameters: {{tiers: {{refused: {refused}}}}}\n"
            Path("comply.yaml").write_text(text)
        else:
            Path("comply.yaml").unlink(missing_ok=True)

    @rule(where=st.floats(0, 1, exclude_max=True), flip=st.integers(1, 255))
    def damage(self, where: float, flip: int) -> None:
        for file in kept():
            data = bytearray(file.read_bytes())
            data[int(where * len(data))] ^= flip
            file.write_bytes(data)

    @rule()
    def run_again(self) -> None:
        """Let two runs follow each other with nothing in between."""

    @invariant()
    def same(self) -> None:
        found = said(*LINE)
        with pytest.MonkeyPatch.context() as patch:
            # What the cache of findings says is held to be true elsewhere.
            patch.setattr(same_run, "take", lambda *_: None)
            patch.setattr("comply.cli.check.keep_run", lambda *_: None)
            assert found == said(*LINE)


TestRuns = Runs.TestCase
TestRuns.settings = profile(max_examples=8, stateful_step_count=12, deadline=None)
