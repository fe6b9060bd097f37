"""Plans as people read them: a line for each kind of step."""

from tests.shared_data import FIXTURES

from comply.plan import ir
from comply.plan.show import show_plan, show_step
from comply.plan.values import RegoSet
from comply.rego.modules import plan_modules
from comply.rego.parser import parse_module
from comply.source import Source

POLICY = """package a

default d(_) := 0

d(x) := y if {
	[_, y] = x
	{"k": z} = y
	z
} else := {"a": x, "b": {x}}

t[k].b := v if some k, v in input

t.c.s contains 1

p contains w if {
	walk(input, [path, w])
	count(path) > 1
	m := {k: v | some k, v in w}
	every k, v in m { not v == k }
	x := data.a.t with input.q as [w] with type_name as d with d as type_name
	x != data.b[w]
	false
}
"""


def test_a_policy() -> None:
    module = parse_module(Source("a.rego", POLICY))
    plan = plan_modules((module,), improve=lambda plan: plan).plan
    expected = (FIXTURES / "plan" / "shown.txt").read_text()
    assert show_plan(plan) + "\n" == expected


def test_each_step() -> None:
    x, y, k = ir.Local("x"), ir.Local("y"), ir.Local("k")
    one = ir.Const(1)
    paths = {7: "data.a.f"}
    steps: dict[str, ir.Step] = {
        'x = input["a"][k]': ir.Lookup(0, x, ir.Input(), (ir.Const("a"), k)),
        'x = base data["a"] if any': ir.Maybe(0, x, ir.BaseData(), (ir.Const("a"),)),
        "x = y": ir.Copy(0, x, y),
        "x = [1, y]": ir.MakeArray(0, x, (one, y)),
        "x = {1, y}": ir.MakeSet(0, x, (one, y)),
        "x = {1: y}": ir.MakeObject(0, x, ((one, y),)),
        "x = set of": ir.Collect(0, x, "set", None, y, ()),
        "x = count(y)": ir.CallBuiltin(0, x, "count", (y,)),
        "gt(y, 1)": ir.CallBuiltin(0, None, "gt", (y, one)),
        "x = rule data.a.f": ir.CallRule(0, x, 7),
        "x = data.a.f(y)": ir.CallFunction(0, x, 7, (y,)),
        "x = all of data.a[k]": ir.Extent(0, x, ("a",), (k,)),
        "x == {1}": ir.Equal(0, x, ir.Const(RegoSet([1]))),
        "holds x": ir.Holds(0, x),
        "never": ir.Never(0),
        "x is an array of 2": ir.IsArray(0, x, 2),
        "x is an object of 2": ir.IsObject(0, x, 2),
        "for k, x in y": ir.Scan(0, k, x, y, ordered=False),
        "for _ in y in order": ir.Scan(0, None, None, y, ordered=True),
        "for x in input.a.b where c.d == k": ir.ScanIndex(
            0, x, ("a", "b"), ("c", "d"), k
        ),
        "for x in walk(y)": ir.ScanRelation(0, x, "walk", (y,)),
        "not": ir.Not(0, ()),
        "every k, x in y": ir.Every(0, k, x, y, ()),
        "with input.a as 1, data.a.f as data.a.f, count as upper": ir.EnterWith(
            0,
            (
                ir.Replacement(("input", "a"), one),
                ir.Replacement(("data", "a", "f"), rule=7),
                ir.Replacement(("count",), name="upper"),
            ),
        ),
        "end with": ir.ExitWith(),
    }
    for text, step in steps.items():
        assert show_step(step, paths) == text


def test_a_query_and_a_with() -> None:
    x = ir.Local("x")
    steps = (
        ir.EnterWith(0, (ir.Replacement(("input",), ir.Const(1)),)),
        ir.Lookup(0, x, ir.Input(), ()),
        ir.ExitWith(),
        ir.Collect(0, ir.Local("o"), "object", x, x, (ir.Holds(0, x),)),
        ir.Not(0, (ir.Never(0),)),
    )
    query = ir.Query(0, steps, (("x", x),))
    assert show_plan(ir.Plan((), (), query=query)) == (
        "query\n"
        "  with input as 1\n"
        "    x = input\n"
        "  o = object of\n"
        "    holds x\n"
        "    add x: x\n"
        "  not\n"
        "    never\n"
        "  answer {x: x}"
    )
