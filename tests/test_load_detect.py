"""What a file is shows in its content first, in its name second."""

import os
from pathlib import Path

import pytest

from comply.load.detect import detect, role
from comply.load.folder import Left, walk
from comply.source import LoadError, Source


@pytest.mark.parametrize(
    ("name", "text", "kind"),
    [
        ("a", '{"format_version": "1.2", "x": oops', "terraform_plan"),
        ("a.txt", '{"variables": {}, "planned_values": {}}', "terraform_plan"),
        (
            "a",
            '{"spacelift": {}, "terraform": {"resource_changes": []}}',
            "terraform_plan",
        ),
        ("a", '[command]x\n{"format_version":"1.2"}', "terraform_plan"),
        ("a", '{"@level": "info"}\n{}', "terraform_plan"),
        ("a.json", '{"version": 4, "lineage": "x"}', "terraform_plan"),
        ("a", "Terraform will perform the following actions:", "terraform_plan"),
        ("renovate.json", '{"terraform": {"enabled": true}}', None),
        ("a.json", '{"metadata": {}, "kind": "Pod"}', "kubernetes"),
        ("a.yml", "kind: Pod\napiVersion: v1\n", "kubernetes"),
        ("<stdin>", "kind: Pod\napiVersion: v1\n", "kubernetes"),
        ("values.yaml", "replicas: 3\n", None),
        ("a.txt", "apiVersion kind", None),
        ("package.json", '{"name": "x"}', None),
        ("a.json", "[1]", None),
        ("a.sql", "CREATE TABLE t (x NUMBER);", "oracle_ddl"),
        ("a", "", None),
    ],
)
def test_detect(name: str, text: str, kind: str | None) -> None:
    assert detect(Source(name, text)) == kind


@pytest.mark.parametrize(
    ("name", "text", "expected"),
    [
        ("p/a.rego", "package a", "rules"),
        ("p/a_test.rego", "package a", "rules"),
        ("chart/templates/a.yaml", "kind: {{ .Values.x }}\napiVersion: v1", "template"),
        ("a.yaml", "kind: Pod\napiVersion: v1", "document"),
        ("templates/a.yaml", "kind: Pod\napiVersion: v1", "document"),
        ("terraform.tfstate", '{"version": 4, "lineage": "x"}', "none"),
        ("a.json", "{}", "none"),
    ],
)
def test_role(name: str, text: str, expected: str) -> None:
    assert role(Source(name, text)) == expected


def plant(root: Path, *names: str) -> None:
    for name in names:
        path = root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text("")


def test_walk_yields_candidates_in_order(tmp_path: Path) -> None:
    plant(
        tmp_path,
        *("b.yaml", "a.JSON", "c.sql", "d.rego", "README.md", ".hidden.yaml"),
        *("z/a.yml", "m/n/a.json", ".terraform/a.json", "node_modules/a.json"),
        ".git/a.yaml",
    )
    found = [
        str(p.relative_to(tmp_path)) for p in walk(tmp_path) if isinstance(p, Path)
    ]
    assert found == ["a.JSON", "b.yaml", "c.sql", "d.rego", "m/n/a.json", "z/a.yml"]


def test_walk_follows_links_only_to_files_of_the_tree(tmp_path: Path) -> None:
    root = tmp_path / "root"
    plant(tmp_path, "root/a.yaml", "root/sub/b.yaml", "out/secret.yaml", "out/x.md")
    (root / "in.yaml").symlink_to(root / "a.yaml")
    (root / "loop").symlink_to(root)
    (root / "note.yaml.bak").symlink_to(root / "a.yaml")
    (root / "out.yaml").symlink_to(tmp_path / "out/secret.yaml")
    (root / "outside").symlink_to(tmp_path / "out")
    (root / "x.md").symlink_to(tmp_path / "out/x.md")
    found = list(walk(root))
    assert [p.name for p in found if isinstance(p, Path)] == [
        "a.yaml",
        "in.yaml",
        "b.yaml",
    ]
    assert [(p.path.name, p.reason) for p in found if isinstance(p, Left)] == [
        ("out.yaml", "a link that leads out of the folder"),
        ("outside", "a link that leads out of the folder"),
    ]


def test_a_folder_that_cannot_be_read_is_an_error(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    plant(tmp_path, "a.yaml", "locked/b.yaml")
    scandir = os.scandir

    def guarded(path: Path) -> "os.PathLike[str]":
        if Path(path).name == "locked":
            raise PermissionError(13, "Permission denied")
        return scandir(path)  # type: ignore[return-value]  # a stand-in for it

    monkeypatch.setattr(os, "scandir", guarded)
    a, error = walk(tmp_path)
    assert a == tmp_path / "a.yaml"
    assert isinstance(error, LoadError)
    assert "no permission" in error.message
