"""A rule that joins worlds: a Deployment's DB_HOST against the databases of a plan."""

from pathlib import Path

import pytest

import comply

DEMO = Path(__file__).parents[1] / "fixtures" / "demo"
RULE = DEMO / "policy" / "db-host.rego"
PLAN = DEMO / "plan.json"
MANIFESTS = DEMO / "deploy" / "orders.yaml"


def findings(*sources: Path | bytes) -> list[comply.Finding]:
    session = comply.Session(rules=[RULE])
    for source in sources:
        session.load(source)
    found: list[comply.Finding] = session.check()
    return found


def test_a_host_that_the_plan_does_not_have() -> None:
    (found,) = findings(PLAN, MANIFESTS)
    assert found.message.startswith('orders reaches for the database "order"')
    assert found.fact == "apps/v1/Deployment/shop/orders"
    assert found.severity == comply.Severity.HIGH


def test_a_host_that_the_plan_has() -> None:
    mended = MANIFESTS.read_text().replace("value: order\n", "value: orders\n")
    assert mended != MANIFESTS.read_text()
    assert findings(PLAN, mended.encode()) == []


@pytest.mark.parametrize("sources", [(MANIFESTS, PLAN), (MANIFESTS,)], ids=len)
def test_the_order_of_worlds_does_not_matter(sources: tuple[Path, ...]) -> None:
    assert len(findings(*sources)) == 1
