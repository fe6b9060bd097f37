"""Assertions over facts in a session: joined in memory, and again where facts change."""

import json
from pathlib import Path

import pytest
from tests.test_sql_check import DB_HOST, DDL, MANIFESTS, PLAN, documents

from comply.check.session import Session
from comply.findings import Status
from comply.source import Source
from comply.sql.fact_check import check_facts
from comply.sql.rule import rules_in

CHECKS = (
    DB_HOST,
    "NOT EXISTS (SELECT 1 FROM oracle.tables t WHERE NOT EXISTS (SELECT 1 FROM oracle.constraints c WHERE c.owner = t.owner AND c.table_name = t.name AND c.type = 'primary_key'))",
    "NOT EXISTS (SELECT name FROM oracle.columns WHERE nullable AND type = 'VARCHAR2' AND length = 9)",
    "NOT EXISTS (SELECT 1 FROM oracle.index_columns WHERE position = 2)",
    "NOT EXISTS (SELECT 1 FROM oracle.grants WHERE grantee = 'PUBLIC' AND with_option IS NULL)",
    "NOT EXISTS (SELECT 1 FROM kubernetes.containers WHERE container IN ('only', 'job'))",
    "NOT EXISTS (SELECT 1 FROM kubernetes.container_env WHERE value IS NULL AND JSON_VALUE(value_from, '$.secretKeyRef.name') = 's')",
    "NOT EXISTS (SELECT 1 FROM terraform.attributes WHERE attribute = 'port' AND value > 5000)",
    "NOT EXISTS (SELECT 1 FROM terraform.attributes WHERE attribute = 'tags' AND JSON_VALUE(value, '$.a') = 'b')",
    "NOT EXISTS (SELECT 1 FROM terraform.resource_changes WHERE after IS NULL)",
    "NOT EXISTS (SELECT 1 FROM terraform.resource_changes WHERE replaces AND NOT updates AND index_key = 0)",
    "NOT EXISTS (SELECT 1 FROM terraform.resource_changes WHERE (SELECT COUNT(*) FROM kubernetes.objects) = 3)",
    "EXISTS (SELECT 1 FROM kubernetes.labels WHERE value = 'none')",
)


def session(tmp_path: Path, *checks: str, host: str = "nowhere") -> Session:
    rules = tmp_path / "rules"
    rules.mkdir()
    for i, check in enumerate(checks):
        (rules / f"r{i}.sql").write_text(f"CREATE ASSERTION a{i} CHECK ({check});")
    made = Session(rules=[rules])
    (tmp_path / "plan.json").write_text(json.dumps(PLAN, indent=1))
    (tmp_path / "k.yaml").write_text(MANIFESTS.replace("@HOST@", host))
    (tmp_path / "s.sql").write_text(DDL.partition("CREATE ASSERTION")[0])
    for name in ("plan.json", "k.yaml", "s.sql"):
        made.load(tmp_path / name)
    return made


@pytest.mark.parametrize("check", CHECKS)
def test_what_is_found_is_what_duckdb_finds(check: str, tmp_path: Path) -> None:
    found = session(tmp_path, check).check()
    rule = rules_in(Source("r.sql", f"CREATE ASSERTION a0 CHECK ({check});"))
    wanted = check_facts(rule, documents("nowhere")).findings
    keep = [f for f in wanted if f.status is Status.VIOLATION]
    assert [(f.fact, f.message, f.evidence) for f in found] == [
        (f.fact, f.message, f.evidence) for f in keep
    ]
    for one, other in zip(found, keep, strict=True):
        assert one.span is not None
        assert other.span is not None
        if one.fact:
            assert one.span.line == other.span.line
