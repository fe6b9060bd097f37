"""Safety: what a body can give a value to, and in which order."""

import pytest
from tests.rego_answers import Answer, answers, check


@pytest.mark.parametrize("answer", answers("safety"))
def test_safety_answer_as_opa_does(answer: Answer) -> None:
    check(answer)


@pytest.mark.parametrize("answer", answers("closures"))
def test_closures_answer_as_opa_does(answer: Answer) -> None:
    check(answer)
