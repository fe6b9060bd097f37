"""A tree of Terraform modules, scripts and a manifest, and the versions of its files."""

from pathlib import Path
from typing import Any

import pytest

from comply.cli import kept_parts
from comply.cli.cached_check import Options
from comply.cli.settings import Settings
from comply.source import ComplyError

SEEN = """package seen
deny contains {"msg": msg, "address": rc.address} if {
    some rc in input.resource_changes
    msg := sprintf("%s is %v", [rc.address, rc.change.after.size])
}
deny contains msg if {
    some name, table in input.tables
    msg := sprintf("%v", [table.name])
}
"""
WORDS = """package words
deny contains msg if {
    input.kind == "Pod"
    some change in data.terraform.resource_changes
    msg := change.address
}
"""
ROOT = """
variable "size" {}
module "inner" {
  source = "../inner"
  size   = var.size
}
resource "t" "r" {
  size = file("note.txt")
}
"""
INNER = """
variable "size" {}
resource "t" "deep" {
  size = %s
}
"""
TABLES = "CREATE TABLE a (id NUMBER PRIMARY KEY, n NUMBER NOT NULL);\n"
ROWS = "INSERT INTO a VALUES (%d, 1);\n"
ASSERTION = "CREATE ASSERTION few CHECK (NOT EXISTS (SELECT 1 FROM a WHERE id > 3));\n"

OTHER = 'resource "t" "elsewhere" { size = 7 }\n'
HIDDEN = 'variable "p" {\n  sensitive = true\n  default = "7"\n}\n'

texts = {
    "one/main.tf": (
        ROOT,
        ROOT + 'resource "t" "more" { size = 1 }\n',
        "broken {",
        ROOT.replace("../inner", "../other"),
        ROOT + HIDDEN + 'resource "t" "s" { size = var.p }\n',
    ),
    "other/main.tf": (OTHER, 'variable "size" {}\n' + OTHER),
    "three/more.tf": (OTHER, "", ROOT.replace("inner", "other")),
    "three/deep/main.tf.json": ('{"resource": {"t": {"j": {"size": 3}}}}', "{}"),
    "two/main.tf": ('resource "t" "two" { size = terraform.workspace }\n', ROOT),
    "inner/main.tf": (INNER % "var.size", INNER % "2"),
    "one/note.txt": ("x", "y"),
    "one/terraform.tfvars": ("size = 1", "size = 2"),
    "one/z.auto.tfvars": ("size = 3", ""),
    "two/.terraform/environment": ("blue", "green"),
    "1.sql": (TABLES, TABLES.replace("TABLE a", "TABLE b") + TABLES),
    "2.sql": (ASSERTION, ASSERTION.replace("> 3", "> 9")),
    "3.sql": (ROWS % 1, ROWS % 5),
    "pod.yaml": ("apiVersion: v1\nkind: Pod\nmetadata: {name: p}\n", ""),
}


def write_tree(folder: Path, *, scripts: bool) -> None:
    """Write the first versions of all files below `tree`, and the rules into `policy`."""
    for name, choices in texts.items():
        if scripts or not name.endswith(".sql"):
            path = folder / "tree" / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(choices[0])
    (folder / "policy").mkdir()
    (folder / "policy" / "seen.rego").write_text(SEEN)


def parts_run(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """Return the inputs of the parts that are checked from now on."""
    ran: list[str] = []
    real = kept_parts._run

    def noted(session: Any, part: Any) -> bool:
        ran.extend(Path(item.source.name).name for item in part.inputs)
        return real(session, part)

    monkeypatch.setattr(kept_parts, "_run", noted)
    return ran


def outcome(work: Any, settings: Settings, options: Options) -> Any:
    """Return what a check gives, errors too."""
    try:
        return work(settings, options)
    except ComplyError as error:
        return error.render()
