"""Terraform source gives the plan that it would make, as far as it can be known."""

import json
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from comply.load.facts import Document
from comply.load.terraform_source.document import load
from comply.load.terraform_source.folder import gather, roots, texts_of
from comply.source import LoadError, Source

FIXTURES = Path(__file__).parents[1] / "fixtures" / "load" / "terraform_source"
CASES = sorted(path.name for path in FIXTURES.iterdir())


def loaded(folder: Path) -> Document:
    return load(gather(folder))[0]


def of_text(text: str, name: str = "main.tf") -> Document:
    return load(Source(name, text))[0]


def changes(document: Document) -> dict[str, dict[str, Any]]:
    return {c["address"]: c for c in document.value["resource_changes"]}


def after(text: str) -> Any:
    """Return `v` of the resource that a configuration holds."""
    change = changes(of_text(text))["x_y.z"]["change"]
    assert "v" not in change["after_unknown"]
    return change["after"]["v"]


def value(expression: str) -> Any:
    return after(f'resource "x_y" "z" {{\n  v = {expression}\n}}\n')


def unknown(expression: str) -> bool:
    text = f'resource "x_y" "z" {{\n  v = {expression}\n}}\n'
    change = changes(of_text(text))["x_y.z"]["change"]
    return bool(change["after_unknown"].get("v") is True and "v" not in change["after"])


@pytest.mark.parametrize("case", CASES)
def test_a_configuration_gives_the_plan_that_was_written_for_it(case: str) -> None:
    expected = json.loads((FIXTURES / case / "expected.json").read_text())
    found = changes(loaded(FIXTURES / case))
    assert found.keys() == expected.keys()
    for address, wanted in expected.items():
        change = found[address]["change"]
        assert change["after"] == wanted["after"], address
        assert change["after_unknown"] == wanted["after_unknown"], address
        if "after_sensitive" in wanted:
            assert change["after_sensitive"] == wanted["after_sensitive"], address


def test_a_change_has_the_shape_of_a_plan() -> None:
    document = loaded(FIXTURES / "nested_modules")
    found = changes(document)
    change = found["module.network.module.subnet[1].aws_subnet.this"]
    assert change | {"change": None} == {
        "address": "module.network.module.subnet[1].aws_subnet.this",
        "module_address": "module.network.module.subnet[1]",
        "mode": "managed",
        "type": "aws_subnet",
        "name": "this",
        "provider_name": "registry.terraform.io/hashicorp/aws",
        "change": None,
    }
    assert change["change"]["actions"] == ["create"]
    assert change["change"]["before"] is None
    assert (
        document.value["terraform"]["resource_changes"]
        is document.value["resource_changes"]
    )
    root = document.value["planned_values"]["root_module"]
    assert [r["address"] for r in root["resources"]] == ["aws_ssm_parameter.blocks"]
    (network,) = root["child_modules"]
    assert network["address"] == "module.network"
    assert [m["address"] for m in network["child_modules"]] == [
        "module.network.module.subnet[0]",
        "module.network.module.subnet[1]",
    ]


def test_instances_have_their_keys() -> None:
    assert [c["index"] for c in changes(loaded(FIXTURES / "count")).values()] == [
        0,
        1,
        0,
        1,
    ]
    keyed = changes(loaded(FIXTURES / "for_each_map")).values()
    assert {c["index"] for c in keyed} == {"ann.b", 'k"q'}
    some = changes(loaded(FIXTURES / "unknown_parts"))["aws_subnet.each[*]"]
    assert some["index_unknown"] is True
    assert "index" not in some


def test_the_configuration_names_references_with_their_shorter_forms() -> None:
    root = loaded(FIXTURES / "count").value["configuration"]["root_module"]
    eip = next(r for r in root["resources"] if r["address"] == "aws_eip.web")
    assert eip["expressions"]["instance"]["references"] == [
        "aws_instance.web",
        "count.index",
    ]
    assert eip["count_expression"] == {"references": ["aws_instance.web"]}
    web = next(r for r in root["resources"] if r["address"] == "aws_instance.web")
    assert web["expressions"]["instance_type"] == {"constant_value": "t3.micro"}
    assert web["count_expression"] == {"constant_value": 2}


def test_providers_have_their_full_names() -> None:
    document = of_text(
        """
terraform {
  required_providers {
    dns = { source = "acme/dns", version = "1.0" }
    own = { source = "registry.acme.com/acme/own" }
  }
}
provider "aws" {
  alias  = "east"
  region = "us-east-1"
}
resource "dns_record" "a" {}
resource "own_thing" "a" {}
resource "null_resource" "a" { provider = aws.east }
resource "terraform_data" "a" {}
"""
    )
    assert {c["type"]: c["provider_name"] for c in changes(document).values()} == {
        "dns_record": "registry.terraform.io/acme/dns",
        "own_thing": "registry.acme.com/acme/own",
        "null_resource": "registry.terraform.io/hashicorp/aws",
        "terraform_data": "terraform.io/builtin/terraform",
    }
    provider = document.value["configuration"]["provider_config"]["aws.east"]
    assert provider["full_name"] == "registry.terraform.io/hashicorp/aws"
    assert provider["expressions"]["region"] == {"constant_value": "us-east-1"}


def test_secrets_are_known_to_reports() -> None:
    document = loaded(FIXTURES / "sensitive")
    assert document.sensitive() >= {"hunter22", "HUNTER22", "pg://u:hunter22@h"}
    assert "u" not in document.sensitive()


def test_outputs_are_planned() -> None:
    document = of_text(
        """
resource "x_y" "z" { v = 1 }
output "known" { value = x_y.z.v }
output "later" { value = x_y.z.id }
output "secret" {
  value     = "s"
  sensitive = true
}
"""
    )
    found = document.value["output_changes"]
    assert found["known"]["after"] == 1
    assert "after" not in found["later"]
    assert found["later"]["after_unknown"] is True
    assert found["secret"]["after_sensitive"] is True
    assert document.value["planned_values"]["outputs"]["secret"]["sensitive"] is True


def test_a_finding_points_at_the_block_and_the_setting() -> None:
    document = loaded(FIXTURES / "nested_modules")
    addresses = list(changes(document))
    at = addresses.index("module.network.module.subnet[0].aws_subnet.this")
    span = document.locate(("resource_changes", at))
    assert span is not None
    assert (Path(span.file).parts[-2:], span.row, span.col) == (
        ("subnet", "main.tf"),
        4,
        1,
    )
    assert span.line == 'resource "aws_subnet" "this" {'
    inner = document.locate(
        ("terraform", "resource_changes", at, "change", "after", "cidr_block")
    )
    assert inner is not None
    assert (inner.row, inner.line) == (6, "")
    assert document.locate(("variables",)) is not None
    blocks = loaded(FIXTURES / "dynamic_blocks")
    at = list(changes(blocks)).index("aws_security_group.web")
    deep = blocks.locate(
        ("resource_changes", at, "change", "after", "ingress", 0, "from_port")
    )
    assert deep is not None
    assert deep.row == 10


def test_the_source_names_the_files_that_were_read() -> None:
    read = [Path(name).name for name in texts_of(gather(FIXTURES / "variables"))]
    assert read == [
        "b.auto.tfvars",
        "c.auto.tfvars.json",
        "main.tf",
        "terraform.tfvars",
    ]
    templates = texts_of(gather(FIXTURES / "templates"))
    assert [Path(name).name for name in templates] == ["hello.tpl", "main.tf"]


@pytest.mark.parametrize(
    ("expression", "wanted"),
    [
        ('"a\\tb\\u00e9\\"$${x}%%{y}"', 'a\tbé"${x}%{y}'),
        ("1 + 2 * 3 - 4 / 2", 5),
        ("(1 + 2) * 3", 9),
        ("-5 % 3", -2),
        ("!(1 < 2) || 3 >= 3", True),
        ("1 == 1.0", True),
        ('"1" == 1', False),
        ("[1, 2, 3][1]", 2),
        ('{ a = 1, "b" : 2 }["b"]', 2),
        ("[{ a = 1 }, { a = 2 }][*].a", [1, 2]),
        ("[{ a = 1 }, { a = 2 }].*.a", [1, 2]),
        ("null[*]", []),
        ('"x"[*]', ["x"]),
        ("max([1, 5, 2]...)", 5),
        ('{ for x in ["a"] : x => upper(x) }', {"a": "A"}),
        ("[for i, x in [5, 6] : i * x]", [0, 6]),
        ('join(",", [for k, v in { b = 1, a = 2 } : "${k}${v}"])', "a2,b1"),
        ('formatlist("%s-%d", ["a", "b"], 1)', ["a-1", "b-1"]),
        ('format("%5.1f|%-4s|%x|%q|%v|%%", 1.25, "a", 255, "b", [1])', '  1.2|a   |ff|"b"|[1]|%'),
        ('regex("(\\\\d+)-(?:x)", "12-x")', ["12"]),
        ('regexall("[a-z]", "a1b")', ["a", "b"]),
        ('regex("(?P<n>\\\\d)", "a1")', {"n": "1"}),
        ('substr("hello", -3, 2)', "ll"),
        ('cidrsubnets("10.0.0.0/16", 8, 4)', ["10.0.0.0/24", "10.0.16.0/20"]),
        ('cidrnetmask("10.0.0.0/12")', "255.240.0.0"),
        ('setproduct(["a"], [1, 2])', [["a", 1], ["a", 2]]),
        ('setunion(["b"], ["a"])', ["a", "b"]),
        ('setintersection(["b", "a"], ["a"])', ["a"]),
        ('setsubtract(["b", "a"], ["a"])', ["b"]),
        ('transpose({ a = ["x"], b = ["x"] })', {"x": ["a", "b"]}),
        ("chunklist([1, 2, 3], 2)", [[1, 2], [3]]),
        ('matchkeys(["i", "j"], ["a", "b"], ["b"])', ["j"]),
        ('compact(["a", "", null])', ["a"]),
        ("one([])", None),
        ("reverse([1, 2])", [2, 1]),
        ("slice([1, 2, 3], 1, 2)", [2]),
        ('index(["a", "b"], "b")', 1),
        ('coalescelist([], ["a"])', ["a"]),
        ("alltrue([true, false])", False),
        ("anytrue([true, false])", True),
        ('parseint("ff", 16)', 255),
        ("pow(2, 10)", 1024),
        ("signum(-3)", -1),
        ("abs(-3)", 3),
        ("ceil(1.2)", 2),
        ("log(8, 2)", 3),
        ("range(5, 1, -2)", [5, 3]),
        ('yamldecode("a: [1]")', {"a": [1]}),
        ('csvdecode("a,b\\n1,2\\n")', [{"a": "1", "b": "2"}]),
        ('urlencode("a b")', "a+b"),
        ('timeadd("2026-01-01T00:00:00Z", "1h30m")', "2026-01-01T01:30:00Z"),
        ('timecmp("2026-01-01T00:00:00Z", "2026-01-02T00:00:00Z")', -1),
        ('tonumber("3") + tonumber(4)', 7),
        ('tobool("true")', True),
        ("tostring(3)", "3"),
        ('startswith("abc", "ab") && endswith("abc", "c") && strcontains("abc", "b")', True),
        ('strrev("abc")', "cba"),
        ('trim("??a?", "?")', "a"),
        ('trimprefix("abc", "a")', "bc"),
        ('trimsuffix("abc", "c")', "ab"),
        ('chomp("a\\n")', "a"),
        ('lower("AB")', "ab"),
        ('basename("a/b.c")', "b.c"),
        ('dirname("a/b.c")', "a"),
        ('base64decode("YWJj")', "abc"),
        ('jsonencode({ b = "<", a = [1.5, null] })', '{"a":[1.5,null],"b":"\\u003c"}'),
        ("path.module", "."),
        ('nonsensitive(sensitive("a"))', "a"),
        ("tolist(toset([3, 1, 3]))", [1, 3]),
        ("values({ b = 1, a = 2 })", [2, 1]),
        ('{ "${"k"}" = 1 }', {"k": 1}),
        ('{ (true ? "a" : "b") = 1 }', {"a": 1}),
        ('try({ a = 1 }.b, [], "x")', []),
        ("1e3", 1000),
        ("0.5", 0.5),
    ],
)  # fmt: skip
def test_an_expression_has_its_value(expression: str, wanted: Any) -> None:
    found = value(expression)
    assert found == wanted
    assert type(found) is type(wanted) or isinstance(found, list | float)


@pytest.mark.parametrize(
    "expression",
    [
        "timestamp()",
        "uuid()",
        "nobody_knows(1)",
        "provider::aws::arn_parse(1)",
        "terraform.workspace",
        "x_other.a.id",
        "data.x.y.z",
        "x_y.q[0].id",
        "[1][5]",
        '{ a = 1 }["b"]',
        '"a${[1]}"',
        "1 / 0",
        "pow(2, 100000)",
        "range(5000)",
        'regex("z", "a")',
        'regex("(", "a")',
        'replace("a", "/(/", "b")',
        '"nan" % 2',
        '"inf" > 1',
        'max(["a"]...)',
        'file("/etc/passwd")',
        'file("nowhere.txt")',
        "element([], 0)",
        "-[1]",
        "x_other.a.n == 1",
        "!x_other.a.flag",
        "x_other.a.list...",
        "[for x in x_other.a.list : x]",
        "{ for x in [x_other.a.k] : x => 1 }",
        "[for x in [1] : x if x_other.a.on]",
        "x_other.a.list[*].id",
        "merge({ a = 1 }, x_other.a.tags)",
        "concat([1], x_other.a.list)",
        "keys(x_other.a.tags)",
        "length(x_other.a.list)",
        'lookup(x_other.a.tags, "k", 1)',
        'coalesce(x_other.a.name, "b")',
        "toset([x_other.a.name])",
        "zipmap([x_other.a.name], [1])",
        "one(x_other.a.list)",
        "can(x_other.a.name)",
        "{ (x_other.a.name) = 1 }",
        "x_other.a",
    ],
)  # fmt: skip
def test_what_cannot_be_known_is_unknown(expression: str) -> None:
    expression = expression.removesuffix("...")
    body = (
        'resource "x_other" "a" {}\ndata "x" "y" {}\nresource "x_y" "q" { count = 1 }\n'
    )
    text = f'{body}resource "x_y" "z" {{\n  v = {expression}\n}}\n'
    change = changes(of_text(text))["x_y.z"]["change"]
    assert change["after_unknown"]["v"] is True
    assert "v" not in change["after"]


@pytest.mark.parametrize(
    ("text", "message", "row"),
    [
        ('a "b" {\n  x = \n}\n', "expected a value, found the end of the line", 2),
        ('locals {\n  x = "a\n}\n', "text in quotes ends with its line", 2),
        ("locals {\n  x = [1, 2\n}\n", "expected `,` or `]`", 3),
        ("locals {\n  x = 1\n  x = 2\n}\n", "`x` is set twice", 3),
        ("locals {\n", "a block without its closing `}`", 1),
        ("x = <<EOT\nabc\n", "a heredoc without the line `EOT`", 1),
        ('x = "${a"\n', "expected `}`", 1),
        ('x = "%{ if true }a"\n', "`%{ if }` without `%{ endif }`", 1),
        ('x = "%{ endif }"\n', "without its beginning", 1),
        ('x = "\\q"\n', "is no escape", 1),
        ("x = { a 1 }\n", "expected `=` and the value of the key", 1),
        ("x = f(1, 2\n", "expected `,` or `)`", 2),
        ("x = 1 2\n", "expected a new line", 1),
        ("= 1\n", "expected a setting or a block", 1),
        ("x = a.\n", "expected a name after the dot", 1),
        ("x = a." + "9" * 5_000, "no list has an element 999", 1),
        ("x = [for in y : z]\n", "expected `in`", 1),
        ('resource "a" {}\n', "a `resource` block with 1 names", 1),
        ('resource "a" "b" {}\nresource "a" "b" {}\n', "is declared twice", 2),
    ],
)  # fmt: skip
def test_a_mistake_is_told_with_its_place(text: str, message: str, row: int) -> None:
    with pytest.raises(LoadError) as caught:
        of_text(text)
    shown = caught.value.render()
    assert message in shown
    assert caught.value.span is not None
    assert (caught.value.span.file, caught.value.span.row) == ("main.tf", row)


def test_a_local_module_that_is_not_there_is_told(tmp_path: Path) -> None:
    (tmp_path / "main.tf").write_text('module "a" {\n  source = "./nope"\n}\n')
    with pytest.raises(
        LoadError, match="module a: there is no configuration in"
    ) as caught:
        loaded(tmp_path)
    assert caught.value.span is not None
    assert caught.value.span.row == 2


@pytest.mark.parametrize(
    ("text", "way"),
    [
        ('locals {\n  a = local.b\n  b = [local.a]\n}\nresource "x_y" "z" { v = local.a }', "local.a -> local.b -> local.a"),
        ('resource "x_y" "z" { v = x_y.w.v }\nresource "x_y" "w" { v = x_y.z.v }\noutput "o" { value = x_y.z.v }', "x_y.w -> x_y.z -> x_y.w"),
    ],
)  # fmt: skip
def test_a_circle_is_told_with_its_names(text: str, way: str) -> None:
    with pytest.raises(LoadError, match="these depend on each other") as caught:
        of_text(text)
    assert way in str(caught.value)


def test_a_module_that_calls_itself_is_told(tmp_path: Path) -> None:
    (tmp_path / "main.tf").write_text('module "a" {\n  source = "./b"\n}\n')
    (tmp_path / "b").mkdir()
    (tmp_path / "b" / "main.tf").write_text('module "c" {\n  source = "../b"\n}\n')
    with pytest.raises(LoadError, match="calls itself"):
        loaded(tmp_path)


@pytest.mark.parametrize(
    "text",
    [
        "x = " + "(" * 5000,
        "x = " + "[" * 5000,
        "x = " + "{a=" * 5000,
        "x = " + "-" * 5000 + "1",
        'x = "' + "${" * 5000,
        "a {" * 5000,
        "x = " + "a ? b : " * 5000 + "c",
        'x = "' + "%{ if a }" * 5000,
    ],
)
def test_what_nests_too_deep_is_refused(text: str) -> None:
    with pytest.raises(LoadError):
        of_text(text)


def test_a_value_that_doubles_each_time_fills_no_memory() -> None:
    lines = [
        "l0 = [1, 1]",
        *(f"l{i} = [local.l{i - 1}, local.l{i - 1}]" for i in range(1, 40)),
    ]
    text = (
        "locals {\n" + "\n".join(lines) + '\n}\nresource "x_y" "z" { v = local.l39 }\n'
    )
    assert len(json.dumps(changes(of_text(text)))) < 10_000_000
    texts = [
        'l0 = "aaaaaaaa"',
        *(f'l{i} = "${{local.l{i - 1}}}${{local.l{i - 1}}}"' for i in range(1, 40)),
    ]
    text = (
        "locals {\n" + "\n".join(texts) + '\n}\nresource "x_y" "z" { v = local.l39 }\n'
    )
    assert changes(of_text(text))["x_y.z"]["change"]["after_unknown"]["v"] is True


def test_names_that_no_system_takes_are_those_of_no_file(tmp_path: Path) -> None:
    name = "x" * 5_000
    (tmp_path / "main.tf").write_text(
        f'resource "a" "b" {{\n  c = file("${{path.module}}/{name}")\n}}\n'
    )
    assert texts_of(gather(tmp_path)).keys() == {f"{tmp_path}/main.tf"}
    call = f'module "m" {{\n  source = "./{name}"\n}}\n'
    (tmp_path / "main.tf").write_text(call)
    with pytest.raises(LoadError, match="no configuration in"):
        load(gather(tmp_path))


def test_files_outside_the_checkout_are_not_shown(tmp_path: Path) -> None:
    (tmp_path / "secret.txt").write_text("top")
    infra = tmp_path / "infra"
    infra.mkdir()
    (infra / "link.txt").symlink_to(tmp_path / "secret.txt")
    (infra / "here.txt").write_text("here")
    (infra / "main.tf").write_text(
        'resource "x_y" "z" {\n  a = file("../secret.txt")\n  b = file("link.txt")\n'
        '  c = file("${path.module}/here.txt")\n}\n'
    )
    change = changes(loaded(infra))["x_y.z"]["change"]
    assert change["after"] == {"c": "here"}
    assert change["after_unknown"] == {"a": True, "b": True, "id": True}


def test_a_folder_without_configuration_is_refused(tmp_path: Path) -> None:
    with pytest.raises(LoadError, match="no Terraform configuration"):
        gather(tmp_path)


def test_roots_are_called_by_no_other() -> None:
    assert roots({"a": {"m"}, "m": {"n"}, "n": set(), "b": {"m"}}) == ["a", "b"]
    assert roots({"a": {"b"}, "b": {"a"}}) == ["a"]
    assert roots({"a": {"a"}}) == ["a"]


@given(st.text(alphabet='ab."${}[]()=\n,:?!-*<>&|%~#/\\ 1EOT', max_size=60))
def test_any_text_gives_a_document_or_a_clear_error(text: str) -> None:
    try:
        found = of_text(text)
    except LoadError:
        return
    assert found.value["resource_changes"] == []


@given(st.recursive(
    st.none() | st.booleans() | st.integers(-10**6, 10**6) | st.text(max_size=8),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=4), inner, max_size=3),
    max_leaves=8,
))  # fmt: skip
def test_a_constant_is_read_as_it_was_written(wanted: Any) -> None:
    text = (
        json.dumps(wanted, ensure_ascii=False).replace("${", "$${").replace("%{", "%%{")
    )
    if "\\b" in text or "\\f" in text or "\u0085" in text:
        return
    assert value(f"({text})") == wanted
