"""Exceptions in the comments of a configuration, held to the plans of it."""

import json
import subprocess
import sys
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any

import pytest

from comply.cli.main import run
from comply.exempt.terraform_blocks import blocks_of, configuration
from comply.load.terraform_source.folder import gather

RULE = """package r
import rego.v1
deny contains {"msg": "is public", "address": rc.address} if {
    some rc in input.resource_changes
    rc.change.actions != ["no-op"]
    rc.change.after.acl == "public-read"
}
"""
MAIN = """# comply:ignore r reason="the web site" owner=web until=2027-01-31
resource "aws_s3_bucket" "site" {
  for_each = toset(["a", "b.c[0]"])
  acl      = "public-read"
}
resource "aws_s3_bucket" "open" {
  acl = "public-read"
}
# comply:ignore r reason="tested apart"
module "m" {
  source = "./m"
  count  = 2
}
module "n" {
  source = "./m"
}
"""
INNER = """resource "aws_s3_bucket" "inner" {
  acl = "public-read"
}
module "deep" {
  source = "../deep"
}
"""
DEEP = """# comply:ignore r reason="far down"
data "aws_s3_bucket" "found" {
}
"""
PUBLIC = (
    'aws_s3_bucket.site["a"]',
    'aws_s3_bucket.site["b.c[0]"]',
    "aws_s3_bucket.open",
    "module.m[0].aws_s3_bucket.inner",
    "module.m[1].aws_s3_bucket.inner",
    "module.n.aws_s3_bucket.inner",
    "module.n.module.deep.data.aws_s3_bucket.found",
)
ALLOWED = {PUBLIC[0], PUBLIC[1], PUBLIC[3], PUBLIC[4], PUBLIC[6]}

Check = Callable[..., tuple[int, list[dict[str, Any]], list[str]]]


def plan(addresses: Iterable[str], actions: tuple[str, ...] = ("create",)) -> str:
    change = {"actions": list(actions), "after": {"acl": "public-read"}}
    changes = [
        {"address": a, "mode": "managed", "type": "aws_s3_bucket", "change": change}
        for a in addresses
    ]
    value = {"format_version": "1.2", "planned_values": {"root_module": {}}}
    return json.dumps({**value, "resource_changes": changes})


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("COMPLY_CACHE_DIR", str(tmp_path / ".cache"))
    for name, text in (
        ("r.rego", RULE),
        ("plan.json", plan(PUBLIC)),
        ("infra/main.tf", MAIN),
        ("infra/m/main.tf", INNER),
        ("infra/deep/main.tf", DEEP),
    ):
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_text(text)
    return tmp_path


@pytest.fixture
def check(folder: Path, capsys: pytest.CaptureFixture[str]) -> Check:
    def ask(*arguments: str) -> tuple[int, list[dict[str, Any]], list[str]]:
        assert folder.exists()
        words = ("--now", "2026-11-21", *arguments)
        code = run(["check", "-f", "json", "-r", "r.rego", *words])
        value = json.loads(capsys.readouterr().out)
        return code, value["findings"], value["notices"]

    return ask


def exempt_in(findings: list[dict[str, Any]], file: str) -> set[str]:
    return {
        f["fact"]
        for f in findings
        if f["status"] == "exempt" and f["location"]["file"] == file
    }


def told(findings: list[dict[str, Any]]) -> list[tuple[str, str]]:
    return [
        (f["rule_id"], f"{f['location']['file']}:{f['location']['row']}")
        for f in findings
        if f["rule_id"].startswith("comply/")
    ]


def test_a_plan_is_checked_together_with_its_folder(check: Check) -> None:
    for _again_from_the_cache in range(2):
        code, findings, _ = check("plan.json", "infra")
        assert code == 1
        assert exempt_in(findings, "plan.json") == ALLOWED
        assert exempt_in(findings, "infra/main.tf") == {PUBLIC[0], PUBLIC[1]}
        assert exempt_in(findings, "infra/m/main.tf") == {PUBLIC[3], PUBLIC[4]}
        assert told(findings) == []
    findings = check("plan.json", "infra")[1]
    (site, *_) = (f for f in findings if f["fact"] == PUBLIC[0])
    assert site["exemption"]["place"] == "infra/main.tf:1"


def test_a_plan_stands_beside_its_configuration(check: Check, folder: Path) -> None:
    (folder / "plan.json").rename(folder / "infra/plan.json")
    for _again_from_the_cache in range(2):
        findings = check("infra/plan.json")[1]
        assert exempt_in(findings, "infra/plan.json") == ALLOWED


def test_a_flag_or_a_setting_names_the_configuration(
    check: Check, folder: Path
) -> None:
    assert exempt_in(check("plan.json")[1], "plan.json") == set()
    assert exempt_in(check("plan.json", "--source", "infra")[1], "plan.json") == ALLOWED
    (folder / "comply.yaml").write_text(
        "sources: {'*.json': nowhere, plan.json: infra}"
    )
    assert exempt_in(check("plan.json")[1], "plan.json") == ALLOWED
    (folder / "comply.yaml").write_text("sources: {'*.json': nowhere}")


def test_a_folder_that_was_named_has_to_hold_a_configuration(
    folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (folder / "comply.yaml").write_text("sources: {'*.json': nowhere}")
    assert run(["check", "plan.json", "-r", "r.rego"]) == 2
    assert "nowhere: no Terraform configuration" in capsys.readouterr().err
    (folder / "infra/main.tf").write_text(MAIN + "}")
    assert run(["check", "plan.json", "-r", "r.rego", "--source", "infra"]) == 2
    assert "infra/main.tf:17" in capsys.readouterr().err


def test_a_plan_from_a_pipe_is_of_the_current_folder(
    check: Check, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from io import BytesIO, TextIOWrapper

    text = (folder / "plan.json").read_bytes()
    monkeypatch.setattr("sys.stdin", TextIOWrapper(BytesIO(text)))
    (folder / "r.rego").rename(folder / "infra/r.rego")
    monkeypatch.chdir(folder / "infra")
    assert exempt_in(check("-")[1], "<stdin>") == ALLOWED


def test_expired_and_unused_comments_are_told_once(check: Check, folder: Path) -> None:
    fine = '# comply:ignore r reason="x"\nresource "aws_s3_bucket" "fine" {\n}\n'
    (folder / "infra/z.tf").write_text(fine)
    (folder / "plan.json").write_text(plan([*PUBLIC[:2], "module.m[0].x.y"]))
    for paths in (("plan.json", "infra"), ("infra",)):
        findings = check(*paths, "--now", "2027-02-01")[1]
        assert told(findings) == [
            ("comply/unused-exception", "infra/deep/main.tf:1"),
            ("comply/expired-exception", "infra/main.tf:1"),
            ("comply/unused-exception", "infra/z.tf:1"),
        ]


def test_comments_at_what_a_plan_does_not_change_are_not_unused(
    check: Check, folder: Path
) -> None:
    fine = '# comply:ignore r reason="x"\nresource "aws_s3_bucket" "fine" {\n}\n'
    loose = '# comply:ignore r reason="at no block"\n'
    (folder / "infra/z.tf").write_text(fine + loose)
    asked = ("plan.json", "--source", "infra")
    (folder / "plan.json").write_text(plan(["aws_s3_bucket.fine"], ("no-op",)))
    assert told(check(*asked)[1]) == [("comply/unused-exception", "infra/z.tf:4")]
    text = plan(["aws_s3_bucket.fine"]).replace("public-read", "private")
    (folder / "plan.json").write_text(text)
    assert told(check(*asked)[1]) == [
        ("comply/unused-exception", "infra/z.tf:1"),
        ("comply/unused-exception", "infra/z.tf:4"),
    ]


def test_exceptions_for_rules_that_were_not_chosen_are_not_unused(
    check: Check, folder: Path
) -> None:
    (folder / "infra/z.tf").write_text('# comply:ignore other/rule reason="x"\n')
    assert told(check("infra")[1]) == [
        ("comply/unused-exception", "infra/deep/main.tf:1")
    ]


def test_of_two_configurations_both_have_to_allow_it(
    check: Check, folder: Path
) -> None:
    (folder / "other").mkdir()
    (folder / "other/main.tf").write_text(MAIN.replace("comply:ignore", "later:"))
    (folder / "other/m").mkdir()
    (folder / "other/m/main.tf").write_text(INNER.partition("module")[0])
    findings = check("plan.json", "infra", "other")[1]
    assert exempt_in(findings, "plan.json") == {PUBLIC[6]}
    # They do allow what was found in the source of infra.
    assert told(findings) == []
    (folder / "comply.yaml").write_text("sources: {plan.json: infra}")
    assert exempt_in(check("plan.json", "infra", "other")[1], "plan.json") == ALLOWED
    (folder / "other/main.tf").write_text(MAIN)
    (folder / "comply.yaml").unlink()
    assert exempt_in(check("plan.json", "infra", "other")[1], "plan.json") == ALLOWED


def test_a_shared_module_is_not_exempt_for_everybody(
    check: Check, folder: Path
) -> None:
    for name, comment in (("prod", '# comply:ignore r reason="x"\n'), ("dev", "")):
        (folder / name).mkdir()
        call = 'module "m" {\n  source = "../infra/m"\n}\n'
        (folder / name / "main.tf").write_text(comment + call)
    findings = check("prod", "dev")[1]
    assert exempt_in(findings, "infra/m/main.tf") == set()
    rule = "comply/unclear-exception"
    assert (rule, "prod/main.tf:1") in told(findings)
    message = next(f["message"] for f in findings if f["rule_id"] == rule)
    assert message.endswith("in infra/m/main.tf may be of dev as well")
    assert exempt_in(check("prod")[1], "infra/m/main.tf") == {
        "module.m.aws_s3_bucket.inner"
    }


def test_comments_that_cannot_be_read_allow_nothing_and_that_is_told(
    check: Check, folder: Path
) -> None:
    (folder / "plan.json").rename(folder / "infra/plan.json")
    (folder / "infra/main.tf").write_text(MAIN + "}")
    code, findings, notices = check("infra/plan.json")
    assert code == 1
    assert exempt_in(findings, "infra/plan.json") == set()
    assert any("exceptions in infra do not count for plans" in n for n in notices)
    (folder / "infra/main.tf").write_bytes(b"\xff\xfe\xff")
    assert any("infra/main.tf" in n for n in check("infra/plan.json")[2])


def test_a_mistake_in_a_comment_fails_the_run(check: Check, folder: Path) -> None:
    (folder / "infra/z.tf").write_text("# comply:ignore r\n")
    code, findings, _ = check("plan.json", "--source", "infra")
    assert code == 2
    assert ("comply/invalid-exception", "infra/z.tf:1") in told(findings)


@pytest.mark.parametrize(
    ("address", "rows"),
    [
        ("aws_s3_bucket.site", {("infra/main.tf", 2)}),
        ("aws_s3_bucket.open (deposed 00c1ffee)", {("infra/main.tf", 6)}),
        ("module.far.aws_vpc.any[0]", {("infra/far.tf", 1)}),
        (
            'module.n["x]."].module.deep.data.aws_s3_bucket.found',
            {("infra/main.tf", 14), ("infra/m/main.tf", 4), ("infra/deep/main.tf", 2)},
        ),
        ("module.none.aws_s3_bucket.site", None),
        ("data.aws_s3_bucket.site", None),
        ("Pod/a", None),
    ],
)
@pytest.mark.usefixtures("folder")
def test_addresses_lead_to_blocks(
    address: str, rows: set[tuple[str, int]] | None
) -> None:
    Path("infra/far.tf").write_text('module "far" {\n  source = "org/far/aws"\n}\n')
    found = configuration(gather(Path("infra")))
    assert blocks_of(found, address) == rows


def test_without_exceptions_no_configuration_is_parsed(folder: Path) -> None:
    (folder / "infra/main.tf").write_text("resource {")
    (folder / "infra/deep/main.tf").write_text("")
    (folder / "plan.json").rename(folder / "infra/plan.json")
    code = (
        "import sys\nfrom comply.cli.main import run\n"
        "run(['check', 'infra/plan.json', '-r', 'r.rego', '-o', 'out'])\n"
        "sys.exit('comply.load.terraform_source.document' in sys.modules)"
    )
    for _again_from_the_cache in range(2):
        done = subprocess.run([sys.executable, "-c", code], check=False, timeout=60)
        assert done.returncode == 0


def test_a_plan_whose_folder_cannot_be_listed(
    check: Check, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(_path: Path) -> Iterable[Path]:
        raise PermissionError

    monkeypatch.setattr(Path, "iterdir", refuse)
    assert check("plan.json")[0] == 1
    assert folder.exists()
