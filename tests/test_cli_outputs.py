"""Where reports go: several at once, into files, with paths of the repository."""

import json
from pathlib import Path

import click
import pytest
from tests.findings_samples import ALL, DATABASE, RUN

from comply.cli.main import run
from comply.cli.outputs import Output, outputs, repository, write_all
from comply.report import REPORTERS
from comply.source import ComplyError


def test_text_where_nothing_is_named() -> None:
    assert outputs((), None) == [Output("text")]


def test_a_file_goes_to_the_format_without_one() -> None:
    assert outputs(("text", "sarif=a.sarif"), Path("o.txt")) == [
        Output("text", Path("o.txt")),
        Output("sarif", Path("a.sarif")),
    ]


@pytest.mark.parametrize(
    ("formats", "said"),
    [
        (("papyrus",), "There is no format 'papyrus'. Formats: text, json"),
        (("text", "json"), "Two reports go to the same place"),
        (("text=a", "json=a"), "Two reports go to the same place"),
    ],
)
def test_what_is_refused(formats: tuple[str, ...], said: str) -> None:
    with pytest.raises(click.UsageError, match=said):
        outputs(formats, None)


def test_every_format_at_once(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / ".git").mkdir()
    folder = tmp_path / "infra" / "live"
    folder.mkdir(parents=True)
    monkeypatch.chdir(folder)
    named = [f"{name}=out.{name}" for name in REPORTERS if name != "text"]
    write_all(outputs(("text", *named), None), ALL, RUN, "never")
    assert DATABASE.message in capsys.readouterr().out
    for name in REPORTERS:
        if name != "text":
            text = (folder / f"out.{name}").read_text("utf-8")
            assert DATABASE.rule_id in text.replace("&#95;", "_")
    issues = json.loads((folder / "out.gitlab").read_text())
    assert "infra/live/demo/plan.json" in {i["location"]["path"] for i in issues}


def test_a_file_that_cannot_be_written(tmp_path: Path) -> None:
    with pytest.raises(ComplyError, match="cannot be written: Is a directory"):
        write_all([Output("csv", tmp_path)], [], RUN, "never")


def test_the_repository_around_a_folder(tmp_path: Path) -> None:
    assert repository(Path("/nowhere")) == ("", "")
    (tmp_path / ".git").write_text("gitdir: a worktree has a file\n")
    assert repository(tmp_path) == (tmp_path.as_posix(), "")
    assert repository(tmp_path / "a" / "b") == (tmp_path.as_posix(), "a/b")


def test_sarif_of_a_run_tells_what_rules_are_about(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    target = tmp_path / "out.sarif"
    demo = Path(__file__).parents[1] / "fixtures" / "demo"
    monkeypatch.chdir(demo.parents[1])
    assert run(["check", str(demo), "-f", f"sarif={target}", "--no-cache"]) == 1
    [made] = json.loads(target.read_text("utf-8"))["runs"]
    rules = {rule["id"]: rule for rule in made["tool"]["driver"]["rules"]}
    rule = rules["terraform/baseline/no-public-rds"]
    assert rule["fullDescription"]["text"] != rule["shortDescription"]["text"]
    assert rule["fullDescription"]["text"] in rule["help"]["markdown"]
    places = [r["locations"][0]["physicalLocation"] for r in made["results"]]
    if (demo.parents[1] / ".git").exists():
        uris = {place["artifactLocation"]["uri"] for place in places}
        assert "fixtures/demo/plan.json" in uris
