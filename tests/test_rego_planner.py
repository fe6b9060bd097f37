"""Bodies as steps: what a `with` replaces, and for how long."""

import pytest
from tests.rego_answers import Answer, answers, check


@pytest.mark.parametrize("answer", answers("replacements"))
def test_replacements_answer_as_opa_does(answer: Answer) -> None:
    check(answer)
