"""docs/what-users-asked.md: the tests it names are there; and what no other test held."""

import ast
import json
import re
from collections.abc import Iterable
from io import BytesIO, TextIOWrapper
from pathlib import Path

import pytest

from comply.cli.main import run
from comply.load.terraform_source import document, modules
from comply.load.terraform_source.folder import gather
from comply.load.terraform_source.modules import Module
from comply.source import Source

TESTS = Path(__file__).parent
PAGE = (TESTS.parent / "docs/what-users-asked.md").read_text("utf-8")
POD = "apiVersion: v1\nkind: Pod\nmetadata: {name: a}\n"
TEMPLATE = "apiVersion: v1\nkind: Pod\nmetadata: {name: {{ .Values.name }}}\n"
BUCKET = 'resource "aws_s3_bucket" "%s" {\n}\n'
RULE = (
    "package r\nimport rego.v1\n"
    'deny contains "found" if input.resource_changes[_].type == "aws_s3_bucket"\n'
    'deny contains "no pods" if input.kind == "Pod"\n'
)


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("COMPLY_CACHE_DIR", str(tmp_path / ".cache"))
    (tmp_path / "r.rego").write_text(RULE)
    return tmp_path


def write(name: str, text: str) -> None:
    Path(name).parent.mkdir(parents=True, exist_ok=True)
    Path(name).write_text(text)


def test_every_test_of_the_page_is_there() -> None:
    rows = [line for line in PAGE.splitlines() if line.startswith("| ")][2:]
    assert len(rows) >= 22
    for row in rows:
        named = re.findall(r"`(test_\w+\.py)::(test_\w+)`", row)
        assert named, row
        for file, name in named:
            tree = ast.parse((TESTS / file).read_text("utf-8"))
            names = {n.name for n in tree.body if isinstance(n, ast.FunctionDef)}
            assert name in names, row


def test_each_folder_is_read_once_however_often_it_is_called(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    for depth in range(9):
        calls = f'source = "../m{depth + 1}"\n}}\n'
        inner = [f'module "{name}" {{\n  {calls}' for name in "ab"] if depth < 8 else []
        write(f"m{depth}/main.tf", BUCKET % "b" + "".join(inner))
    read: list[str] = []
    known = modules.read_module

    def counted(folder: str, sources: Iterable[Source]) -> Module:
        read.append(folder)
        return known(folder, sources)

    monkeypatch.setattr("comply.load.terraform_source.document.read_module", counted)
    (plan,) = document.load(gather(Path("m0")))
    assert len(plan.value["resource_changes"]) == 2**9 - 1
    assert sorted(read) == [f"m{depth}" for depth in range(9)]


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["empty"], "there is nothing to check"),
        (["pod.yaml", "-r", "empty"], "no rules in this folder"),
        (["pod.yaml", "-r", "tables.rego"], "No rule is about any of these documents"),
        (["absent.yaml"], "no such file"),
        (["blank.yaml"], "there is nothing in it"),
    ],
)
def test_what_was_not_checked_is_no_pass(
    arguments: list[str], said: str, capsys: pytest.CaptureFixture[str]
) -> None:
    Path("empty").mkdir()
    write("pod.yaml", POD)
    write("blank.yaml", "\n")
    write(
        "tables.rego", 'package t\nimport rego.v1\ndeny contains "x" if input.tables\n'
    )
    assert run(["check", *arguments]) == 2
    shown = capsys.readouterr()
    assert said in shown.out + shown.err


def test_an_empty_pipe_is_an_error(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr("sys.stdin", TextIOWrapper(BytesIO(b"")))
    assert run(["check", "-"]) == 2
    assert "`set -o pipefail` tells" in capsys.readouterr().out


def test_what_terraform_downloads_is_not_checked(
    capsys: pytest.CaptureFixture[str],
) -> None:
    write("infra/main.tf", BUCKET % "own")
    write("infra/.terraform/modules/vpc/main.tf", BUCKET % "theirs")
    write("infra/.terraform/modules/vpc/broken.tf", "resource {")
    assert run(["check", "infra", "-r", "r.rego", "-f", "json"]) == 1
    report = json.loads(capsys.readouterr().out)
    assert report["checked"]["facts"] == 1
    assert run(["check", "infra/.terraform", "-r", "r.rego"]) == 2


@pytest.mark.parametrize("name", ["chart/templates/pod.yaml", "chart/pod.yaml"])
def test_templates_are_never_passed_by_in_silence(
    name: str, capsys: pytest.CaptureFixture[str]
) -> None:
    write(name, TEMPLATE)
    assert run(["check", "chart"]) == 2
    assert name in capsys.readouterr().err
    assert run(["check", name]) == 2
    assert "render it first" in capsys.readouterr().out
    write("chart/plain.yaml", POD)
    for _again_from_the_cache in range(2):
        assert run(["check", "chart", "-r", "r.rego", "-f", "json"]) == 1
        (notice,) = json.loads(capsys.readouterr().out)["notices"]
        assert notice.startswith(f"1 Helm template not checked ({name}): render first")
        chart = "chart" if "templates" in name else "CHART"
        assert notice.endswith(f"`helm template {chart} | comply check -`")


def test_a_kustomization_is_said_not_to_be_built(
    capsys: pytest.CaptureFixture[str],
) -> None:
    for part in "abcd":
        write(f"k/{part}/kustomization.yaml", "resources: [pod.yaml]\n")
        write(f"k/{part}/pod.yaml", POD)
    for rules in (["-r", "r.rego"], ["-r", "r.rego", "--no-cache"]):
        assert run(["check", "k", "-f", "json", *rules]) == 1
        notices = json.loads(capsys.readouterr().out)["notices"]
        assert notices[0].startswith(
            "4 kustomizations not built (k/a/kustomization.yaml, k/b/kustomization.yaml, "
            "k/c/kustomization.yaml and 1 more)"
        )
        assert notices[0].endswith("`kustomize build k/a | comply check -`")
