"""`comply check` on Terraform source, and what becomes of undetermined findings."""

import json
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from comply.cli.check import command
from comply.cli.undetermined import sort_undetermined
from comply.findings import Finding, Severity, Status
from comply.rules.rule import Rule

RULE = """# METADATA
# title: Images are ours
# custom:
#   severity: high
%s
package p

import rego.v1

deny contains {"msg": "foreign image", "address": rc.address} if {
	some rc in input.resource_changes
	rc.type == "aws_instance"
	rc.change.after.ami == "foreign"
}
"""


@pytest.fixture
def infra(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "policy").mkdir()
    (tmp_path / "policy" / "images.rego").write_text(RULE % "#")
    for folder in ("infra/prod", "infra/modules/vm", "infra/prod/.terraform/modules/x"):
        (tmp_path / folder).mkdir(parents=True)
    (tmp_path / "infra/prod/main.tf").write_text(
        """
data "aws_ami" "new" {}

module "vm" {
  source = "../modules/vm"
  image  = "foreign"
}

resource "aws_instance" "later" {
  ami = data.aws_ami.new.id
}
"""
    )
    (tmp_path / "infra/modules/vm/main.tf").write_text(
        """
variable "image" {}

resource "aws_instance" "this" {
  ami = var.image
}
"""
    )
    (tmp_path / "infra/prod/.terraform/modules/x/main.tf").write_text("not = [ read")
    return tmp_path / "infra"


def run(*arguments: str) -> Result:
    return CliRunner().invoke(
        command,
        [*arguments, "--no-cache", "-r", "policy"],
        catch_exceptions=False,
        standalone_mode=False,
    )


def findings(result: Result) -> list[dict[str, object]]:
    value = json.loads(result.output)
    found: list[dict[str, object]] = value["findings"]
    return found


def test_a_folder_is_checked_by_its_root_modules(infra: Path) -> None:
    result = run("infra", "-f", "json")
    found = {str(f["fact"]): f for f in findings(result)}
    assert found.keys() == {"module.vm.aws_instance.this", "aws_instance.later"}
    assert found["module.vm.aws_instance.this"]["status"] == "violation"
    assert found["aws_instance.later"]["status"] == "undetermined"
    assert result.return_value == 1
    assert infra.is_dir()


def test_a_finding_points_at_the_block_in_its_module(infra: Path) -> None:
    result = run("infra")
    assert "infra/modules/vm/main.tf" in result.output
    assert 'resource "aws_instance" "this" {' in result.output
    assert infra.is_dir()


def test_a_file_stands_for_its_root_module_once(infra: Path) -> None:
    (infra / "prod" / "more.tf").write_text("locals {}\n")
    result = run("infra/prod/main.tf", "infra/prod/more.tf", "-f", "json")
    assert len(findings(result)) == 2


@pytest.mark.parametrize(
    ("choice", "shown", "code"), [("pass", 0, 0), ("warn", 1, 0), ("fail", 1, 1)]
)
def test_undetermined_findings_pass_warn_or_fail(
    infra: Path, choice: str, shown: int, code: int
) -> None:
    text = (infra / "prod/main.tf").read_text().replace('"foreign"', '"own"')
    (infra / "prod/main.tf").write_text(text)
    result = run("infra", "--undetermined", choice)
    assert result.output.count("cannot be told yet") == shown
    assert ("1 undetermined not shown" in result.output) is (choice == "pass")
    assert result.return_value == code
    Path("comply.yaml").write_text(f"undetermined: {choice}\n")
    assert run("infra").return_value == code


def test_a_rule_says_what_becomes_of_its_undetermined_findings(infra: Path) -> None:
    text = (infra / "prod/main.tf").read_text().replace('"foreign"', '"own"')
    (infra / "prod/main.tf").write_text(text)
    rule = infra.parent / "policy" / "images.rego"
    rule.write_text(RULE % "#   undetermined: fail")
    assert run("infra").return_value == 1
    assert run("infra", "--fail-on", "critical").return_value == 0
    rule.write_text(RULE % "#   undetermined: pass")
    assert "cannot be told" not in run("infra", "--undetermined", "fail").output


@pytest.mark.parametrize("more", ["", "# {{ .Values.image }}\n"])
def test_a_mistake_in_a_module_is_an_error_with_its_place(
    infra: Path, more: str
) -> None:
    (infra / "modules/vm/main.tf").write_text(
        more + 'variable "image" {}\nlocals {\n  a = [\n'
    )
    result = run("infra", "-f", "json")
    (found,) = findings(result)
    assert found["status"] == "error"
    assert result.return_value == 2


def test_a_module_that_is_missing_is_an_error(infra: Path) -> None:
    (infra / "modules/vm/main.tf").unlink()
    result = run("infra")
    assert "there is no configuration in infra/modules/vm" in result.output
    assert result.return_value == 2


def test_rules_that_cannot_be_followed_are_named(infra: Path) -> None:
    (infra.parent / "policy" / "odd.rego").write_text(
        """package odd

import rego.v1

deny contains "x" if {
	some rc in input.resource_changes
	ok with input as rc
}

ok if input.change.after.ami == "foreign"
"""
    )
    assert "values known only after apply count as absent in odd" in run("infra").output


def test_undetermined_findings_are_sorted_by_what_their_rules_say() -> None:
    def finding(rule: str, status: Status) -> Finding:
        return Finding(rule, "", Severity.LOW, status, "")

    rules = [
        Rule("a", "", None, "rego", "", undetermined="pass"),
        Rule("b", "", None, "rego", "", undetermined="fail"),
        Rule("c", "", None, "rego", ""),
    ]
    found = [finding(r, Status.UNDETERMINED) for r in "abc"]
    found.append(finding("a", Status.VIOLATION))
    shown, hidden, failing = sort_undetermined(found, rules, "warn")
    assert [(f.rule_id, f.status) for f in shown] == [
        ("b", Status.UNDETERMINED),
        ("c", Status.UNDETERMINED),
        ("a", Status.VIOLATION),
    ]
    assert (hidden, failing) == (1, frozenset({"b"}))


@pytest.mark.parametrize("page", ["terraform-source.md", "unknown-values.md"])
def test_the_commands_of_the_pages_run(infra: Path, page: str) -> None:
    text = (Path(__file__).parents[1] / "docs" / page).read_text()
    lines = [line for line in text.splitlines() if line.startswith("comply check ")]
    assert lines
    for line in lines:
        arguments = line.removeprefix("comply check ").removesuffix(" -r policy")
        result = run(*arguments.split())
        assert result.return_value == 1
        assert "module.vm.aws_instance.this" in result.output
    assert infra.is_dir()
