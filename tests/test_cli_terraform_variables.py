"""Values of Terraform variables from outside: where they come from, and which counts."""

import json
import sys
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner

from comply.cli.check import command
from comply.cli.settings import Settings, with_environment
from comply.load.terraform_source.document import load
from comply.load.terraform_source.folder import declares, gather
from comply.load.terraform_source.outside import Outside
from comply.source import ComplyError, LoadError

MAIN = """
variable "text" { type = string }
variable "untyped" {}
variable "zones" { type = list(string) }
variable "any" { type = any }
variable "old" { type = "string" }
resource "t" "r" {
  text      = var.text
  untyped   = var.untyped
  zones     = var.zones
  any       = var.any
  old       = var.old
  workspace = terraform.workspace
}
"""
RULE = """package seen
deny contains msg if {
    some change in input.resource_changes
    msg := json.marshal(change.change.after)
}
"""


@pytest.fixture
def root(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "main.tf").write_text(MAIN)
    (tmp_path / "policy").mkdir()
    (tmp_path / "policy" / "seen.rego").write_text(RULE)
    return tmp_path


def after(root: Path, outside: Outside) -> dict[str, Any]:
    """Return what is planned for the resource."""
    (document,) = load(gather(root, outside))
    value: dict[str, Any] = document.value["resource_changes"][0]["change"]["after"]
    return value


def check(*arguments: str) -> dict[str, Any]:
    """Return what a run sees of the resource."""
    result = CliRunner().invoke(
        command,
        [".", "-r", "policy", "-f", "json", "--no-cache", *arguments],
        catch_exceptions=False,
        standalone_mode=False,
    )
    (found,) = json.loads(result.output)["findings"]
    value: dict[str, Any] = json.loads(found["message"])
    return value


def test_each_source_goes_before_those_that_terraform_reads_earlier(root: Path) -> None:
    steps: list[tuple[str, str]] = [
        ("terraform.tfvars", 'text = "1"'),
        ("terraform.tfvars.json", '{"text": "2"}'),
        ("a.auto.tfvars", 'text = "3"'),
        ("b.auto.tfvars.json", '{"text": "4"}'),
        ("c.auto.tfvars", 'text = "5"'),
    ]
    environment = {"text": "0"}
    assert after(root, Outside(environment))["text"] == "0"
    for number, (name, text) in enumerate(steps, 1):
        (root / name).write_text(text)
        assert after(root, Outside(environment))["text"] == str(number)
    (root / "named.tfvars").write_text('text = "6"')
    file = root / "named.tfvars"
    assert after(root, Outside(environment))["text"] == "5"
    assert after(root, Outside(environment, (file,)))["text"] == "6"
    assert after(root, Outside(environment, (file, "text=7")))["text"] == "7"
    assert after(root, Outside(environment, ("text=7", file)))["text"] == "6"


def test_a_text_is_read_as_the_type_of_its_variable_wants(root: Path) -> None:
    texts = {
        "text": "[1]",
        "untyped": "[1]",
        "zones": '["a", "b"]',
        "any": "{x = 1}",
        "old": "true",
    }
    found = after(root, Outside(texts))
    assert found["text"] == "[1]"
    assert found["untyped"] == "[1]"
    assert found["zones"] == ["a", "b"]
    assert found["any"] == {"x": 1}
    assert found["old"] == "true"


@pytest.mark.parametrize("text", ["[", "1\nmore = 2", 'a"', "x {}"])
def test_a_text_that_is_no_expression_is_an_error_without_the_text(
    root: Path, text: str
) -> None:
    with pytest.raises(LoadError) as caught:
        after(root, Outside({"zones": text}))
    message = caught.value.message
    assert message.startswith(f"TF_VAR_zones: its {len(text)} characters")
    with pytest.raises(LoadError, match="--var zones"):
        after(root, Outside(asked=(f"zones={text}",)))


def test_a_variable_that_nobody_declares_counts_for_nothing(root: Path) -> None:
    assert "text" not in after(root, Outside({"other": "["}))


def test_the_workspace_is_known_if_somebody_chose_it(root: Path) -> None:
    assert "workspace" not in after(root, Outside())
    (root / ".terraform").mkdir()
    (root / ".terraform" / "environment").write_text("blue\n")
    assert after(root, Outside())["workspace"] == "blue"
    assert after(root, Outside(workspace="green"))["workspace"] == "green"


def test_the_command_line_goes_in_order(
    root: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (root / "one.tfvars").write_text('text = "file"\nuntyped = "file"')
    monkeypatch.setenv("TF_VAR_text", "environment")
    monkeypatch.setenv("TF_WORKSPACE", "prod")
    assert check()["text"] == "environment"
    assert check()["workspace"] == "prod"
    found = check("--var", "text=a=b", "--var-file", "one.tfvars", "--var=untyped=2")
    assert (found["text"], found["untyped"]) == ("file", "2")
    assert check("--var-file", "one.tfvars", "--var", "text=a=b")["text"] == "a=b"
    assert check("--var", "text=1", "--var", "text=2")["text"] == "2"


def test_files_of_the_settings_come_before_those_of_the_command_line(
    root: Path,
) -> None:
    (root / "env").mkdir()
    (root / "env" / "prod.tfvars").write_text('text = "prod"\nuntyped = "prod"')
    (root / "comply.yaml").write_text("var_files: [env/prod.tfvars]\n")
    assert check()["text"] == "prod"
    found = check("--var", "text=mine")
    assert (found["text"], found["untyped"]) == ("mine", "prod")


def test_a_file_that_is_not_there_is_an_error(root: Path) -> None:
    result = CliRunner().invoke(
        command,
        [str(root), "-r", "policy", "--var-file", "none.tfvars", "--no-cache"],
        standalone_mode=False,
    )
    assert result.return_value == 2
    assert "none.tfvars" in result.output


@pytest.mark.parametrize("text", ["text", "=x", "1a=x", "a b=x"])
def test_a_value_without_a_name_is_refused(root: Path, text: str) -> None:
    result = CliRunner().invoke(command, [str(root), "--var", text])
    assert result.exit_code == 2
    assert "write NAME=VALUE" in result.output


def test_a_name_that_no_module_declares_is_refused(root: Path) -> None:
    with pytest.raises(ComplyError, match="--var txet: no root module"):
        check("--var", "txet=1")
    assert root.is_dir()


def test_declarations_are_found_in_both_forms(root: Path) -> None:
    (root / "more.tf.json").write_text('{"variable": {"size": {}}}')
    source = gather(root)
    assert declares(source, "size")
    assert declares(source, "zones")
    assert not declares(source, "zone")


def test_limits_come_from_the_environment_too() -> None:
    given = {"COMPLY_TIMEOUT": "2.5", "COMPLY_MAX_FINDINGS": "7"}
    found = with_environment(Settings(), given)
    assert (found.timeout, found.max_findings, found.max_memory) == (2.5, 7, 1024)
    for text in ("-1", "soon", "inf", "nan"):
        with pytest.raises(ComplyError, match="COMPLY_TIMEOUT"):
            with_environment(Settings(), {"COMPLY_TIMEOUT": text})


@pytest.mark.skipif(
    sys.gettrace() is not None, reason="nothing is stopped under a tracer"
)
def test_a_rule_that_takes_too_long_ends_the_run_with_an_error(root: Path) -> None:
    loop = """package loop
deny contains "never" if {
    some change in input.resource_changes
    some a in numbers.range(1, 30000)
    some b in numbers.range(1, 30000)
    a + b == count(change.address) - 99
}
"""
    (root / "policy" / "loop.rego").write_text(loop)
    result = CliRunner().invoke(
        command,
        [".", "-r", "policy/loop.rego", "--no-cache", "--timeout", "0.3"],
        standalone_mode=False,
    )
    assert result.return_value == 2
    assert "it was stopped: it took longer than 0.3 s" in result.output
    assert "policy/loop.rego" in result.output
