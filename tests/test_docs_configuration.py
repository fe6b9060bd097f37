"""docs/{exceptions,configuration}.md: the files that they show are read."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from comply.cli.config import described
from comply.cli.main import run
from comply.cli.settings import VARIABLES, Settings
from comply.config import configure
from comply.exempt.annotations import annotated_exceptions
from comply.exempt.comments import inline_exceptions
from comply.load.yaml_text import read_yaml
from comply.source import Source

ROOT = Path(__file__).parents[1]
PAGES = {
    name: (ROOT / "docs" / f"{name}.md").read_text("utf-8")
    for name in ("exceptions", "configuration")
}


def blocks(page: str, language: str) -> Iterator[str]:
    for block in PAGES[page].split(f"```{language}\n")[1:]:
        yield block.split("```")[0]


@pytest.mark.parametrize("page", ["exceptions", "configuration"])
def test_settings_are_read(page: str) -> None:
    seen = 0
    for block in blocks(page, "yaml"):
        ((_, value),) = read_yaml(Source("page.yaml", block))
        if "metadata" not in value:
            configure(value, lambda _path: None)
            seen += 1
    assert seen == 1


def test_the_comment_and_the_annotation_are_understood() -> None:
    (terraform,) = blocks("exceptions", "hcl")
    allowances, mistakes = inline_exceptions(Source("a.tf", terraform))
    assert (len(allowances), mistakes) == (1, [])
    assert allowances[0].rows == (2, 3)
    manifest = next(blocks("exceptions", "yaml"))
    text = "apiVersion: v1\nkind: Pod\n" + manifest
    allowances, mistakes = annotated_exceptions(Source("a.yaml", text))
    assert (len(allowances), mistakes) == (2, [])


def test_every_setting_and_variable_is_named() -> None:
    page = PAGES["configuration"]
    for name in {row["setting"] for row in described(Settings())}:
        assert f"| `{name}` |" in page
    for name in VARIABLES:
        assert f"`COMPLY_{name.upper()}`" in page


def test_the_mistake_is_told_as_the_page_says(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "comply.yaml").write_text("pakcs: [terraform/baseline]\n")
    assert run(["check"]) == 2
    assert capsys.readouterr().err in PAGES["configuration"]
