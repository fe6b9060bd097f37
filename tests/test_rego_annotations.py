"""METADATA comments."""

import pytest

from comply.rego.errors import RegoError
from comply.rego.metadata import MetadataError, read_fields
from comply.rego.parser import parse_module
from comply.rego.syntax import Module
from comply.source import Source


def module_of(text: str) -> Module:
    return parse_module(Source("a.rego", text))


def found(text: str) -> list[tuple[str, int, dict[str, object]]]:
    """Return scope, line of what it is about, and fields of each annotation."""
    module = module_of(text)
    return [
        (note.scope, module.source.row(note.target), note.fields)
        for note in module.annotations
    ]


def failure(text: str) -> tuple[int, str]:
    with pytest.raises(RegoError) as caught:
        module_of(text)
    assert [e.code for e in caught.value.errors] == ["rego_parse_error"]
    assert caught.value.span
    return caught.value.span.row, caught.value.message


def test_package_and_rule() -> None:
    text = """# METADATA
# title: the package
# custom:
#   severity: high
package a

# about nothing

# METADATA
# title: the rule
p := 1

# METADATA
# description: >-
#  one
#  two

default q := 2
"""
    custom = {"severity": "high"}
    assert found(text) == [
        ("package", 5, {"title": "the package", "custom": custom, "scope": "package"}),
        ("rule", 11, {"title": "the rule", "scope": "rule"}),
        ("rule", 18, {"description": "one two", "scope": "rule"}),
    ]


def test_scopes() -> None:
    text = """# METADATA
# scope: subpackages
# title: s
# METADATA
# title: p
package a
# METADATA
# scope: document
# title: d
# METADATA
# title: r
p := 1 if { true } else := 2
# METADATA
# entrypoint: true
q if { true }
"""
    assert [(scope, row) for scope, row, _ in found(text)] == [
        ("subpackages", 6), ("package", 6), ("document", 12), ("rule", 12),
        ("document", 15),
    ]  # fmt: skip


@pytest.mark.parametrize(
    "text",
    [
        "package a\np if { true } # METADATA\n# title: x\n",
        "package a\np if {\n\t# METADATA\n\t# title: x\n\ttrue\n}\n",
        "package a\n# METADATA of something\n# title: x\np := 1\n",
        "package a\np := `\n# METADATA\n# title: x\n`\n",
    ],
)
def test_comments_that_are_no_annotation(text: str) -> None:
    assert found(text) == []


def test_a_block_ends_where_its_lines_end() -> None:
    text = "package a\n# METADATA\n# title: x\n\n# custom: [\np := 1 # c\n# d\n"
    assert found(text) == [("rule", 6, {"title": "x", "scope": "rule"})]


def test_shapes_of_fields() -> None:
    lines = """ title: 7
 description: true
 authors:
 - Jane Doe <jane@example.org>
 - Bob
 - <bob@example.org>
 - name: Eve
   email: eve@example.org
   role: none
 related_resources:
 - https://example.org
 - ref: https://example.com
   description: more
 organizations: [one]
 labels: {team: core}
 custom:
   since: 2020-01-01
   on: yes
 severity: low
 entrypoint: false""".splitlines()
    assert read_fields(lines) == {
        "title": "7",
        "description": "true",
        "authors": [
            {"name": "Jane Doe", "email": "jane@example.org"},
            {"name": "Bob"},
            {"email": "bob@example.org"},
            {"name": "Eve", "email": "eve@example.org"},
        ],
        "related_resources": [
            {"ref": "https://example.org"},
            {"ref": "https://example.com", "description": "more"},
        ],
        "organizations": ["one"],
        "labels": {"team": "core"},
        "custom": {"since": "2020-01-01", "on": "yes"},
        "severity": "low",
        "entrypoint": False,
    }


@pytest.mark.parametrize(
    ("lines", "row", "message"),
    [
        ("title: [", 3, "yaml: "),
        ("title: a\n# b\n# c", 4, "yaml: could not find expected ':'"),
        ("title: a\n# custom:\n#   a: 1\n#   a: 2", 6, 'yaml: mapping key "a" already'),
        ("custom:\n# - {a: 1, a: 2}", 4, 'yaml: mapping key "a" already defined'),
        ("title: a\n# title: b", 4, 'yaml: mapping key "title" already defined'),
        ("- a", 3, "yaml: an annotation is a mapping, not a list"),
        ("just text", 3, "yaml: an annotation is a mapping, not a text"),
        ("title: a\n# authors: Bob", 4, "authors: expected a list"),
        ("title: [a]", 3, "title: expected a text"),
        ("authors: ['']", 3, "authors: author is an empty string"),
        ("authors: [{role: x}]", 3, "authors: 'name' and/or 'email' values required"),
        ("related_resources: [{a: b}]", 3, "related_resources: 'ref' value required"),
        ("related_resources: ['']", 3, "related_resources: ref URL may not be empty"),
        ("custom: 1", 3, "custom: expected a mapping"),
        ("entrypoint: maybe", 3, "entrypoint: expected true or false"),
        ("scope: rules", 2, "invalid annotation scope 'rules'. Use one of"),
        ("scope: package", 2, "annotation scope 'package' must be applied to package (have rule)"),
        ("scope: rule\n# entrypoint: true", 2, "annotation entrypoint applied to non-document"),
        ("a: &a [x]\n# b: *c", 4, "yaml: "),
        ("\n#", 2, "expected METADATA block, found whitespace"),
    ],
)  # fmt: skip
def test_mistakes(lines: str, row: int, message: str) -> None:
    at, text = failure(f"package a\n# METADATA\n# {lines}\np := 1\n")
    assert (at, text[: len(message)]) == (row, message)


def test_a_bomb_of_aliases_is_a_mistake() -> None:
    lines = ["a: &a [x, x, x, x, x, x, x, x, x]"]
    lines += [
        f"{chr(98 + i)}: &{chr(98 + i)} [{', '.join(['*' + chr(97 + i)] * 9)}]"
        for i in range(9)
    ]
    with pytest.raises(MetadataError):
        read_fields(lines)


def test_deep_yaml_is_a_mistake() -> None:
    with pytest.raises(MetadataError):
        read_fields(["a: " + "[" * 5000])


def test_scope_must_fit_what_follows() -> None:
    assert failure("# METADATA\n# scope: rule\npackage a\n") == (
        1, "annotation scope 'rule' must be applied to rule (have package)",
    )  # fmt: skip
    row, message = failure("package a\n# METADATA\n# title: x\nimport data.b\n")
    assert (row, message[:33]) == (2, "invalid annotation scope 'import'")
    row, message = failure("package a\np := 1\n# METADATA\n# title: x\n")
    assert (row, message[:28]) == (3, "invalid annotation scope ''.")
    row, message = failure("package a\n# METADATA\n# scope: rule\n")
    assert message == "annotation scope 'rule' must be applied to rule (have nothing)"


def test_a_rule_that_does_not_parse_leaves_no_annotation_astray() -> None:
    row, message = failure("package a\n# METADATA\n# title: x\np := )\n")
    assert (row, message) == (4, "unexpected ) token")


def test_mistakes_in_text_and_in_metadata_are_told_together() -> None:
    with pytest.raises(RegoError) as caught:
        module_of("package a\n# METADATA\n# title: [\np := )\n")
    assert [e.span and e.span.row for e in caught.value.errors] == [3, 4]
