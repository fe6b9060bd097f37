"""Names: what an author may call things, and where a name may stand."""

import pytest
from tests.rego_answers import Answer, answers, check


@pytest.mark.parametrize("answer", answers("names"))
def test_names_answer_as_opa_does(answer: Answer) -> None:
    check(answer)
