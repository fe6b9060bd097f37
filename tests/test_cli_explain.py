"""`comply explain`: why there is a finding, and why there is none."""

import json
from pathlib import Path

import pytest
from tests.policy_tree import write

from comply.cli.main import run

RULE = """\
# METADATA
# title: Databases are private
package rds

import rego.v1

types := {"aws_db_instance", "aws_rds_cluster"}

deny contains {"msg": msg, "address": rc.address} if {
	some rc in input.resource_changes
	rc.type in types
	rc.change.after.publicly_accessible == true
	not exempt(rc)
	msg := sprintf("%s is public", [rc.address])
}

warn contains "no plan" if not input.resource_changes

exempt(rc) if rc.change.after.tags.public == "yes"
"""


def change(address: str, kind: str, after: object) -> dict[str, object]:
    return {
        "address": address,
        "mode": "managed",
        "type": kind,
        "name": address.split(".")[1],
        "change": {"actions": ["create"], "before": None, "after": after},
    }


@pytest.fixture
def root(tmp_path: Path) -> Path:
    changes = [
        change(
            "aws_db_instance.private", "aws_db_instance", {"publicly_accessible": False}
        ),
        change(
            "aws_db_instance.public", "aws_db_instance", {"publicly_accessible": True}
        ),
        change(
            "aws_rds_cluster.known",
            "aws_rds_cluster",
            {"publicly_accessible": True, "tags": {"public": "yes"}},
        ),
        change("aws_s3_bucket.b", "aws_s3_bucket", {"bucket": "hunter2-secret"}),
    ]
    plan = {
        "format_version": "1.2",
        "terraform_version": "1.9.0",
        "resource_changes": changes,
    }
    changes[3]["change"]["after_sensitive"] = {"bucket": True}  # type: ignore[index]  # a plan's
    return write(tmp_path, {"rules/rds.rego": RULE, "plan.json": json.dumps(plan)})


def explain(root: Path, what: str, *rest: str) -> int:
    rules = str(root / "rules")
    return run(["explain", what, str(root / "plan.json"), "-r", rules, *rest])


def test_why_there_is_a_finding(root: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert explain(root, "rds") == 0
    out = capsys.readouterr().out
    assert out.startswith("rds  Databases are private  ")
    assert "✗ aws_db_instance.public  " in out
    assert "  aws_db_instance.public is public\n" in out
    assert "12 │ rc.change.after.publicly_accessible == true\n" in out
    assert "rc.change.after.publicly_accessible = true\n" in out
    assert "9 │ deny contains" not in out


def test_why_there_is_none_for_a_fact(
    root: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert explain(root, "rds", "--fact", "aws_db_instance.private") == 0
    out = capsys.readouterr().out
    assert "○ deny found nothing" in out
    assert "`rc.change.after.publicly_accessible == true` is false" in out
    assert "rc.change.after.publicly_accessible = false\n" in out


def test_a_not_that_holds_and_what_it_read(
    root: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    explain(root, "rds", "--fact", "aws_rds_cluster.known")
    assert "`not exempt(rc)` is false: `exempt(rc)` holds" in capsys.readouterr().out


def test_a_fact_of_another_type(root: Path, capsys: pytest.CaptureFixture[str]) -> None:
    explain(root, "rds", "--fact", "aws_s3_bucket.b")
    out = capsys.readouterr().out
    assert "`rc.type in types` is false" in out
    assert "hunter2" not in out


def test_a_fact_that_is_not_there(
    root: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert explain(root, "rds", "--fact", "aws_x.y") == 0
    assert "nothing to say" in capsys.readouterr().out


def test_by_fingerprint(root: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert explain(root, "rds", "-f", "json") == 0
    story = json.loads(capsys.readouterr().out)
    [found] = story["found"]
    assert found["fact"] == "aws_db_instance.public"
    assert [line["row"] for line in found["lines"]] == [10, 11, 12, 13, 14]
    assert story["not_found"][0]["reason"]["text"].startswith("`not input")
    run(["check", str(root / "plan.json"), "-r", str(root / "rules"), "-f", "json"])
    checked = json.loads(capsys.readouterr().out)
    assert found["fingerprint"] in json.dumps(checked)
    assert explain(root, found["fingerprint"][:8]) == 0
    assert "aws_db_instance.public is public" in capsys.readouterr().out
    assert explain(root, "abcdef0123") == 2
    assert "no finding's fingerprint begins with" in capsys.readouterr().err


def test_rules_that_are_not_there(
    root: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert explain(root, "rdx") == 2
    shown = capsys.readouterr().err
    assert "there is no rule 'rdx'" in shown
    assert "did you mean rds?" in shown


def test_documents_that_are_not_there(
    root: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    rules = str(root / "rules")
    assert run(["explain", "rds", str(root / "none.json"), "-r", rules]) == 2
    assert run(["explain", "rds", rules, "-r", rules]) == 2
    assert "nothing to explain the rule on" in capsys.readouterr().err


def test_rules_that_come_with_comply(
    root: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    rule = "terraform/baseline/no-public-rds"
    assert run(["explain", rule, str(root / "plan.json")]) == 0
    assert "aws_db_instance.public" in capsys.readouterr().out


def test_the_first_few_and_all(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    names = [f"aws_db_instance.n{i}" for i in range(8)]
    public = {"publicly_accessible": True}
    changes = [change(name, "aws_db_instance", public) for name in names]
    plan = {
        "format_version": "1.2",
        "terraform_version": "1",
        "resource_changes": changes,
    }
    root = write(tmp_path, {"rules/rds.rego": RULE, "plan.json": json.dumps(plan)})
    explain(root, "rds")
    out = capsys.readouterr().out
    assert out.count("✗ aws_db_instance") == 5
    assert "more: --all shows them" in out
    explain(root, "rds", "--all")
    assert capsys.readouterr().out.count("✗ aws_db_instance") == 8


def test_an_assertion_is_explained_by_its_rows(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    text = "CREATE ASSERTION a CHECK (NOT EXISTS (SELECT 1 FROM t WHERE x > 1));\n"
    root = write(
        tmp_path, {"rules/a.sql": text, "plan.json": '{"resource_changes": []}'}
    )
    assert explain(root, "a") == 2
    assert "an assertion in SQL" in capsys.readouterr().err


def test_rules_about_all_documents(
    root: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    text = """package joined
import rego.v1
deny contains msg if {
	some rc in data.terraform.resource_changes
	rc.type == "aws_s3_bucket"
	msg := "there is a bucket"
}
"""
    write(root, {"rules/joined.rego": text})
    assert explain(root, "joined") == 0
    out = capsys.readouterr().out
    assert "✗ the whole document  all documents" in out
    assert "hunter2" not in out


def test_a_rule_that_fails_and_one_that_never_ends(
    root: Path,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    text = """package bad
import rego.v1
x := 1 if input.resource_changes
x := 2 if input.resource_changes
deny contains "a" if x == 1
"""
    write(root, {"rules/bad.rego": text})
    assert explain(root, "bad") == 2
    assert "eval_conflict_error" in capsys.readouterr().err
    monkeypatch.setattr("comply.plan.probe.MOST_EVENTS", 3)
    assert explain(root, "rds") == 2
    assert "too much to explain" in capsys.readouterr().err


LIMIT = """package limit
import rego.v1
deny contains {"msg": "too many", "address": rc.address} if {
	some rc in input.resource_changes
	rc.change.after.size > data.comply.parameters.limit.most
}
"""


def test_what_check_is_told_by_comply_yaml(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    changes = [change(f"a_disk.{n}", "a_disk", {"size": n}) for n in (1, 5, 7, 9)]
    plan = {"format_version": "1.2", "resource_changes": changes}
    block = 'resource "a_disk" "%s" {\n}\n'
    comment = '# comply:ignore limit reason="a test" owner=ann\n'
    settings = """paths: [plan.json]
rules: [limit.rego]
severities: {limit: critical}
parameters: {limit: {most: 4}}
exceptions:
  - {rule: limit, fact: a_disk.7, reason: old, until: 2999-01-01}
  - {rule: other, reason: of another rule}
"""
    write(
        tmp_path,
        {
            "plan.json": json.dumps(plan),
            "limit.rego": LIMIT,
            "main.tf": comment + "".join(block % n for n in (5, 7, 9)),
            "comply.yaml": settings,
        },
    )
    assert run(["explain", "limit", "-f", "json"]) == 0
    found = json.loads(capsys.readouterr().out)["found"]
    assert [(f["fact"], f["status"], f["severity"], f["exempt"]) for f in found] == [
        ("a_disk.5", "exempt", "critical", "exempt by ann: a test (main.tf:1)"),
        (
            "a_disk.7",
            "exempt",
            "critical",
            "exempt until 2999-01-01: old (comply.yaml:6)",
        ),
        ("a_disk.9", "violation", "critical", ""),
    ]
    assert run(["explain", "limit"]) == 0
    out = capsys.readouterr().out
    assert "○ a_disk.5  plan.json\n  too many\n  exempt by ann: a test" in out
    assert "✗ a_disk.9" in out
    (tmp_path / "comply.yaml").rename(tmp_path / "other.yaml")
    assert run(["explain", "limit", "plan.json", "--config", "other.yaml"]) == 0
    assert "exempt by ann" in capsys.readouterr().out


VARIABLES = """
variable "public" { type = bool }
resource "aws_db_instance" "main" {
  publicly_accessible = var.public
}
"""


@pytest.mark.parametrize(
    "asked", [("--var", "public=true"), ("--var-file", "own.tfvars"), ()]
)
def test_variables_count_as_they_do_for_a_check(
    asked: tuple[str, ...],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("COMPLY_CACHE_DIR", str(tmp_path / ".cache"))
    Path("main.tf").write_text(VARIABLES)
    Path("own.tfvars").write_text("public = true\n")
    if not asked:
        monkeypatch.setenv("TF_VAR_public", "true")
    pack, rule = "terraform/baseline", "terraform/baseline/no-public-rds"
    assert run(["explain", rule, ".", *asked]) == 0
    assert "✗ aws_db_instance.main" in capsys.readouterr().out
    assert run(["baseline", "create", *asked]) == 0
    assert rule in Path("comply-baseline.json").read_text()
    limits = ("--seconds", "0", "-n", "1", "--json")
    assert run(["bench", "--pack", pack, "-i", ".", *asked, *limits]) == 0
    assert capsys.readouterr().out
    # A name that nothing declares may be misspelt.
    for command in (["explain", rule, "."], ["bench", "-i", ".", "--pack", pack]):
        assert run([*command, "--var", "pubilc=true"]) == 2
        assert "--var pubilc: no root module" in capsys.readouterr().err
