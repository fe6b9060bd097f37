"""Sources that come to a session and go from it: as if it had been made with the rest."""

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from comply.check.session import Loaded, Session
from comply.source import LoadError, Source

RULE = """package tier
import rego.v1
deny contains msg if {
	input.metadata.labels.tier == "three"
	msg := sprintf("%s is of tier three", [input.metadata.name])
}
warn contains msg if {
	some one in data.kubernetes
	count(data.kubernetes) > 2
	msg := "more than two"
}
deny contains msg if {
	some other in data.kubernetes.objects
	other.metadata.labels.tier != input.metadata.labels.tier
	msg := sprintf("%s is not of the tier of %s", [input.metadata.name, other.metadata.name])
}
"""


@pytest.fixture(name="rule", scope="module")
def _rule(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("policy") / "tier.rego"
    path.write_text(RULE)
    return path


def pod(number: int, tier: str) -> Source:
    text = f"apiVersion: v1\nkind: Pod\nmetadata: {{name: p{number}, labels: {{tier: {tier}}}}}\n"
    return Source(f"p{number}.yaml", text)


def found(session: Session) -> list[tuple[str, str, str]]:
    return sorted((str(f.status), f.fact, f.message) for f in session.check())


@given(
    st.lists(
        st.tuples(st.integers(0, 4), st.sampled_from(["one", "three"])), max_size=8
    )
)
def test_what_came_and_went_leaves_no_trace(
    rule: Path, moves: list[tuple[int, str]]
) -> None:
    session = Session(rules=[rule])
    session.check()
    held: dict[int, tuple[Loaded, Source]] = {}
    total = len(session.check())
    for number, tier in moves:
        if number in held:
            delta = session.remove(held.pop(number)[0])
        else:
            source = pod(number, tier)
            loaded, delta = session.insert(source)
            held[number] = loaded, source
        total += len(delta.added) - len(delta.removed)
    fresh = Session(rules=[rule])
    for _, source in held.values():
        fresh.add(source)
    assert found(session) == found(fresh)
    assert total == len(fresh.check())


def test_what_stays_is_not_run_again(tmp_path: Path) -> None:
    path = tmp_path / "tier.rego"
    path.write_text(RULE.partition("warn")[0])
    session = Session(rules=[path])
    for number in range(20):
        session.add(pod(number, "one"))
    session.check()
    _, delta = session.insert(pod(20, "three"))
    assert (delta.units_run, delta.units_reused) == (1, 20)
    assert [f.message for f in delta.added] == ["p20 is of tier three"]


def test_a_source_that_cannot_be_read_leaves_the_session_as_it_was(rule: Path) -> None:
    session = Session(rules=[rule])
    session.add(pod(1, "three"))
    before = found(session)
    with pytest.raises(LoadError, match="neither a plan"):
        session.insert(Source("x.txt", "nothing"))
    with pytest.raises(LoadError):
        session.insert(Source("x.json", "{"), "terraform_plan")
    assert found(session) == before
    assert len(session.documents) == 1


def test_a_script_that_is_gone_asserts_nothing() -> None:
    session = Session(packs=["oracle/schema"])
    script = (
        "CREATE TABLE t (id NUMBER PRIMARY KEY);\n"
        "CREATE ASSERTION a CHECK (NOT EXISTS (SELECT 1 FROM t WHERE id < 0));\n"
        "INSERT INTO t VALUES (-1);\n"
    )
    loaded = session.add(Source("a.sql", script), "oracle_ddl")
    (finding,) = session.check()
    assert "ORA-08601" in finding.message
    assert session.remove(loaded).removed == [finding]
    assert session.check() == []
