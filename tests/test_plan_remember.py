"""Tests whose answer is remembered for each text: which are, and that it does not show."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

import comply
from comply.plan import ir, steps
from comply.plan.emit import load, print_plan
from comply.plan.runtime import Context
from comply.plan.values import RegoSet

HEAD = 'package a\nimport rego.v1\nks := {"aws", "gcp"}\n'
TESTS = [
    'split(x.t, "_")[0] in ks',
    'not split(x.t, "_")[0] in ks',
    'regex.match("^a+", x.t)',
    'parts := split(x.t, "_"); count(parts) == 2; parts[1] == "b"',
    'glob.match("a*", [], x.t)',
    'sprintf("%v", [x.t]) == "1"',
    'not regex.match("[", x.t)',
    'split(x.t, "_") == ["a", "b"]',
]
NOT_REMEMBERED = [
    'startswith(x.t, "a")',
    "split(x.t, x.s)[0] in ks",
    "split(x.t, input.s)[0] in ks",
    "is_number(rand.intn(x.t, 1))",
]
texts = st.sampled_from(["aws_a", "gcp_b", "a_b", "", "_", "1", "ä_b"])
anything = st.one_of(
    texts, st.booleans(), st.integers(0, 1), st.none(), st.just(1.0), st.just([]),
    st.lists(texts, max_size=2), st.dictionaries(texts, texts, max_size=1),
)  # fmt: skip
elements = st.lists(
    st.one_of(st.fixed_dictionaries({"t": anything}), st.just({})), max_size=12
)


def policy_of(test: str) -> comply.rego.Policy:
    rule = f"deny contains i if {{ some i, x in input.xs; {test} }}"
    return comply.rego.compile({"a.rego": HEAD + rule})


def answer(policy: comply.rego.Policy, xs: list[Any], **rest: Any) -> Any:
    return policy.eval("data.a.deny", input={"xs": xs, **rest})


@given(test=st.sampled_from(TESTS), xs=elements)
def test_a_remembered_answer_is_the_answer(test: str, xs: list[Any]) -> None:
    policy = policy_of(test)
    assert ".remembered[" in policy.program.code.text
    alone = [i for i, x in enumerate(xs) if answer(policy, [x])]
    assert answer(policy, xs) == alone


@pytest.mark.parametrize("test", NOT_REMEMBERED)
def test_what_is_cheap_or_asks_more_than_one_value_is_not_remembered(test: str) -> None:
    assert ".remembered[" not in policy_of(test).program.code.text


def test_what_is_read_later_is_not_part_of_the_run() -> None:
    policy = policy_of('parts := split(x.t, "_"); parts[0] in ks; parts[1] == x.s')
    assert ".remembered[" not in policy.program.code.text
    xs = [{"t": "aws_a", "s": "a"}, {"t": "aws_b", "s": "a"}, {"t": "aws_a", "s": "b"}]
    assert answer(policy, xs) == [0]


def test_a_built_in_that_is_replaced_is_called() -> None:
    text = HEAD + (
        'two(_, _) := ["gcp"]\n'
        'yes if { some x in input.xs; split(x.t, "_")[0] in ks }\n'
        "deny contains 1 if yes with split as two\n"
        "deny contains 2 if yes\n"
    )
    policy = comply.rego.compile({"a.rego": text})
    assert answer(policy, [{"t": "none"}]) == [1]
    assert answer(policy, [{"t": "aws_x"}]) == [1, 2]


def test_so_many_texts_are_remembered_and_no_more() -> None:
    policy = policy_of(TESTS[0])
    xs = [{"t": f"{'aws' if i % 2 else 'azure'}_{i}"} for i in range(3_000)]
    context: Context = policy.context(policy.program, {"xs": xs}, None)
    rule, _ = policy.program.tree[1]["a"][1]["deny"]
    assert rule is not None
    found = rule(context)
    assert type(found) is RegoSet
    assert len(found.members) == 1_500
    (answers,) = context.remembered.values()
    assert len(answers) == steps.REMEMBERED
    assert answers["aws_1"] is True
    assert answers["azure_0"] is False


def test_the_built_in_is_called_once_for_each_text() -> None:
    calls: list[str] = []
    policy = policy_of('regex.match("^a", x.t)')
    code = print_plan(policy.plan)
    program = load(code, policy.plan)
    rule, _ = program.tree[1]["a"][1]["deny"]
    assert rule is not None
    names = rule.__globals__
    real = names["b_regex_match"]

    def counted(pattern: str, text: str) -> bool:
        calls.append(text)
        return bool(real(pattern, text))

    names["b_regex_match"] = counted
    xs = [{"t": t} for t in ("a", "b", "a", "b", "a", 1, 1)]
    found = rule(policy.context(program, {"xs": xs}, None))
    assert sorted(found.members) == [0, 2, 4]
    assert calls == ["a", "b", 1, 1]


def test_a_failure_is_raised_each_time_where_it_is_asked_for() -> None:
    policy = policy_of('regex.match("[", x.t)')
    xs = [{"t": "a"}, {"t": "a"}]
    assert answer(policy, xs) == []
    with pytest.raises(comply.rego.RegoError, match="regex"):
        policy.query("data.a.deny", input={"xs": xs}, strict=True)


def test_a_group_of_clauses_remembers_too() -> None:
    text = HEAD + "".join(
        f"deny contains [{n}, x.n] if {{ some x in input.xs; x.k == {n}; "
        'not split(x.t, "_")[0] in ks }\n'
        for n in (1, 2)
    )
    policy = comply.rego.compile({"a.rego": text})
    kinds = [
        type(step)
        for rule in policy.plan.rules
        for c in rule.chains
        for step in c[0].steps
    ]
    assert ir.Not in kinds
    xs = [
        {"t": t, "k": k, "n": n}
        for n, (t, k) in enumerate([("aws_a", 1), ("b", 2), ("b", 1)])
    ]
    assert answer(policy, xs) == [[1, 2], [2, 1]]
