"""Rules of one path: what they build together, and what they may not."""

import pytest
from tests.rego_answers import Answer, answers, check


@pytest.mark.parametrize("answer", answers("trees"))
def test_trees_answer_as_opa_does(answer: Answer) -> None:
    check(answer)
