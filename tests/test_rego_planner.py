"""Bodies as steps: what a `with` replaces, and for how long."""

import pytest
from tests.rego_answers import Answer, answers, check

import comply
from comply.rego import RegoError


@pytest.mark.parametrize("answer", answers("replacements"))
def test_replacements_answer_as_opa_does(answer: Answer) -> None:
    check(answer)


def test_a_built_in_that_stands_for_a_function_fails_where_it_is_called() -> None:
    text = 'package p\nq if {\n\tf(1) with f as count\n}\nf(x) := "a"\n'
    policy = comply.rego.compile({"p.rego": text})
    assert policy.query("data.p.q") == []
    with pytest.raises(RegoError) as failed:
        policy.query("data.p.q", strict=True)
    span = failed.value.span
    assert span is not None
    assert (failed.value.code, span.row, span.col) == ("eval_type_error", 3, 2)
    assert failed.value.message.startswith("count: operand 1 must be one of")
