"""Scripts and facts checked with assertions: what is found, where, and what is not."""

import json
import os
from datetime import datetime
from pathlib import Path

import pytest

from comply.findings import Severity, Status
from comply.load import load
from comply.load.facts import Document
from comply.source import Source
from comply.sql.check import check_scripts, run_scripts
from comply.sql.evidence import evidence
from comply.sql.fact_check import check_facts
from comply.sql.fact_rules import is_on_facts
from comply.sql.relations import RELATIONS, catalog
from comply.sql.rule import AssertionRule, rules_in

ROOT = Path(__file__).parents[1]
SHARED = Path(os.environ.get("COMPLY_SHARED", ROOT.parent / "shared"))
NOW = datetime(2026, 6, 1)  # noqa: DTZ001  (Oracle's SYSDATE has no zone)

SCHEMA = Source(
    "schema.sql",
    """CREATE TABLE heads (id NUMBER PRIMARY KEY, name VARCHAR2(9) NOT NULL);
CREATE TABLE parts (id NUMBER, head_id NUMBER REFERENCES heads(id), n NUMBER);
""",
)
RULES = """-- METADATA
-- title: Parts are small
-- custom:
--   severity: critical
--   remediation: Cut it.
CREATE ASSERTION small CHECK (NOT EXISTS (SELECT id FROM parts WHERE n > 9));

CREATE ASSERTION has_part CHECK (
  ALL (SELECT id FROM heads) h SATISFY (EXISTS (SELECT 1 FROM parts p WHERE p.head_id = h.id))
) INITIALLY DEFERRED;
"""


def seed(name: str) -> Source:
    path = SHARED / "seeds" / "sql" / name
    if not path.exists():
        pytest.skip(f"no published scripts at {path} (set COMPLY_SHARED)")
    return Source(name, path.read_text())


def published() -> list[Source]:
    return [seed("schema.sql"), seed("assertions.sql"), seed("load.sql")]


def test_the_published_load_passes_within_its_agreement() -> None:
    assert check_scripts(published(), NOW) == []


def test_the_published_load_fails_once_the_agreement_is_over() -> None:
    [found] = check_scripts(published(), datetime(2027, 1, 1))  # noqa: DTZ001
    assert found.rule_id == "sql/ticket_requires_active_sla"
    assert str(found.span) == "load.sql:22:1"


def test_both_published_violations_are_caught() -> None:
    first, second = check_scripts([*published(), seed("violations.sql")], NOW)
    assert first.message == (
        "ORA-08601: SQL assertion (CRITICAL_TICKETS_NEED_SENIOR_ENGINEER) violated."
    )
    assert (first.status, first.fact) == (Status.VIOLATION, "TICKETS")
    assert str(first.span) == "violations.sql:3:1"
    assert first.evidence[0]["SENIORITY"] == "junior"
    assert str(second.span) == "violations.sql:10:1"
    assert second.evidence == ({"CUSTOMER_ID": 2, "CREATED_AT": "2026-06-01T00:00:00"},)
    json.dumps([first.evidence, second.evidence])


def test_the_published_23ai_script_runs() -> None:
    assert check_scripts([seed("customers_23ai.sql")], NOW) == []


def test_rules_from_elsewhere_come_in_force_once_their_tables_are_there() -> None:
    rules = rules_in(Source("r.sql", RULES), "pack/parts")
    data = Source(
        "data.sql",
        "INSERT INTO heads VALUES (1, 'a');\nINSERT INTO parts VALUES (1, 1, 10);",
    )
    outcome = run_scripts([SCHEMA, data], rules=rules)
    small, late = outcome.findings
    assert (small.rule_id, small.title) == ("pack/parts/small", "Parts are small")
    assert (small.severity, small.remediation) == (Severity.CRITICAL, "Cut it.")
    assert small.evidence == ({"ID": 1},)
    # What the script leaves open is committed at its end.
    assert late.rule_id == "pack/parts/has-part"
    assert (late.fact, str(late.span)) == ("HAS_PART", "data.sql:2:1")
    assert late.message == "ORA-08601: SQL assertion (HAS_PART) violated."
    assert outcome.evaluated == {"pack/parts/small": 2, "pack/parts/has-part": 2}


def test_a_rule_whose_tables_never_come_is_not_evaluated() -> None:
    outcome = run_scripts(
        [Source("s", "CREATE TABLE x (a NUMBER);")],
        rules=rules_in(Source("r.sql", RULES)),
    )
    assert outcome.findings == []
    assert outcome.evaluated == {}


def test_a_rule_broken_by_the_data_that_is_there_is_a_finding() -> None:
    script = Source(
        "s.sql",
        "CREATE TABLE parts (id NUMBER, n NUMBER, head_id NUMBER);"
        " INSERT INTO parts VALUES (1, 99, 1); COMMIT;"
        " CREATE TABLE heads (id NUMBER);",
    )
    rules = rules_in(Source("r.sql", RULES))
    outcome = run_scripts([script], rules=rules)
    assert [f.rule_id for f in outcome.findings] == ["sql/small"]


@pytest.mark.parametrize(
    ("script", "rule_id", "status", "fact"),
    [
        ("INSERT INTO heads VALUES (1, '')", "sql/ora-01400", "violation", "HEADS"),
        ("INSERT INTO parts VALUES (1, 7, 0)", "sql/ora-02291", "violation", "PARTS"),
        ("INSERT INTO head VALUES (1, 'a')", "comply/statement-failed", "error", ""),
        ("DELETE heads WHERE idd = 3", "comply/statement-failed", "error", ""),
        ("DELETE FROM heads WHERE id =", "comply/statement-failed", "error", ""),
        ("SELECT 'x", "comply/statement-failed", "error", ""),
        ("BEGIN NULL; END;", "comply/statement-failed", "error", ""),
        ("FROBNICATE THIS", "comply/statement-failed", "error", ""),
    ],
)
def test_other_failures_are_findings_too(
    script: str, rule_id: str, status: str, fact: str
) -> None:
    [found] = check_scripts([SCHEMA, Source("s.sql", script)])
    assert (found.rule_id, found.status, found.fact) == (rule_id, status, fact)
    assert found.span is not None


def test_the_run_goes_on_behind_a_failure() -> None:
    script = Source(
        "s.sql",
        "INSERT INTO nope VALUES (1);\nINSERT INTO heads VALUES (1, 'a');\n"
        "INSERT INTO heads VALUES (1, 'b');",
    )
    found = check_scripts([SCHEMA, script])
    assert [str(f.span) for f in found] == ["s.sql:1:13", "s.sql:3:1"]


def test_evidence_is_json() -> None:
    from datetime import date, timedelta
    from decimal import Decimal

    rows = evidence(
        [
            {
                "a": date(2026, 1, 2),
                "b": timedelta(days=1),
                "c": Decimal("1.50"),
                "d": b"\x01",
                "e": Decimal(3),
                "f": None,
            }
        ]
    )
    assert json.loads(json.dumps(rows)) == [
        {
            "a": "2026-01-02",
            "b": "1 day, 0:00:00",
            "c": 1.5,
            "d": "01",
            "e": 3,
            "f": None,
        }
    ]


PLAN = {
    "format_version": "1.2",
    "terraform_version": "1.9.0",
    "resource_changes": [
        {
            "address": "module.a.aws_db_instance.orders[0]",
            "module_address": "module.a",
            "mode": "managed",
            "type": "aws_db_instance",
            "name": "orders",
            "index": 0,
            "provider_name": "registry.terraform.io/hashicorp/aws",
            "change": {
                "actions": ["delete", "create"],
                "before": {"identifier": "old"},
                "after": {"identifier": "orders-db", "port": 5432, "tags": {"a": "b"}},
                "after_unknown": {"endpoint": True},
            },
        },
        {
            "address": "data.x.y",
            "mode": "data",
            "type": "x",
            "name": "y",
            "change": {"actions": ["read"]},
        },
    ],
}
MANIFESTS = """apiVersion: apps/v1
kind: Deployment
metadata: {name: web, namespace: shop, labels: {app: web}}
spec:
  template:
    spec:
      initContainers:
      - {name: init, image: busybox, securityContext: {privileged: true}}
      containers:
      - name: app
        image: web:1
        env:
        - {name: DB_HOST, value: "@HOST@"}
        - {name: SECRET, valueFrom: {secretKeyRef: {name: s, key: k}}}
---
apiVersion: v1
kind: Pod
metadata: {name: lone}
spec: {containers: [{name: only, image: x}]}
---
apiVersion: batch/v1
kind: CronJob
metadata: {generateName: night-, annotations: {note: "1"}}
spec: {jobTemplate: {spec: {template: {spec: {containers: [{name: job, image: y}]}}}}}
"""
DDL = """CREATE TABLE app.t (id NUMBER PRIMARY KEY, u_id NUMBER);
CREATE TABLE u (id NUMBER, name VARCHAR2(9) ANNOTATIONS (pii));
CREATE INDEX u_name ON u (name, UPPER(name));
GRANT SELECT ON u TO PUBLIC;
CREATE ASSERTION a CHECK (EXISTS (SELECT 1 FROM u));
"""


def documents(host: str = "orders-db") -> list[Document]:
    return [
        *load(Source("plan.json", json.dumps(PLAN, indent=1)), "terraform_plan"),
        *load(Source("k.yaml", MANIFESTS.replace("@HOST@", host)), "kubernetes"),
        *load(Source("s.sql", DDL), "oracle_ddl"),
    ]


def rule(check: str) -> list[AssertionRule]:
    return rules_in(Source("r.sql", f"CREATE ASSERTION a CHECK ({check});"))


DB_HOST = """ALL (SELECT object, value FROM kubernetes.container_env
  WHERE variable = 'DB_HOST' AND kind = 'Deployment') e
SATISFY (EXISTS (SELECT 1 FROM terraform.resource_changes r
  WHERE r.type = 'aws_db_instance' AND r.creates
    AND JSON_VALUE(r.after, '$.identifier') = e.value))"""


def test_one_rule_joins_two_worlds() -> None:
    assert check_facts(rule(DB_HOST), documents()).findings == []
    outcome = check_facts(rule(DB_HOST), documents("nowhere"))
    [found] = outcome.findings
    assert found.fact == "apps/v1/Deployment/shop/web"
    assert found.span is not None
    assert 'value: "nowhere"' in found.span.line
    assert found.evidence == (
        {"OBJECT": "apps/v1/Deployment/shop/web", "VALUE": "nowhere"},
    )
    assert "value nowhere" in found.message
    assert outcome.evaluated == {"sql/a": 4}


def test_a_rule_waits_for_a_document_of_every_world_it_reads() -> None:
    manifests = [d for d in documents("nowhere") if d.world == "kubernetes"]
    outcome = check_facts(rule(DB_HOST), manifests)
    assert outcome.findings == []
    assert outcome.evaluated == {}


@pytest.mark.parametrize(
    ("query", "facts"),
    [
        (("SELECT 1 FROM oracle.tables t WHERE NOT EXISTS (SELECT 1 FROM oracle.constraints c"
         " WHERE c.owner = t.owner AND c.table_name = t.name AND c.type = 'primary_key')"), ["U"]),
        ("SELECT name FROM oracle.columns WHERE nullable AND type = 'VARCHAR2' AND length = 9", ["U.NAME"]),
        ("SELECT 1 FROM oracle.index_columns WHERE position = 2", ["U_NAME"]),
        ("SELECT 1 FROM oracle.constraint_columns WHERE column_name = 'ID'", ["APP.T.SYS_T_ID_PK"]),
        ("SELECT 1 FROM oracle.annotations WHERE name = 'PII' AND column_name = 'NAME'", [""]),
        ("SELECT 1 FROM oracle.grants WHERE grantee = 'PUBLIC' AND with_option IS NULL", [""]),
        ("SELECT 1 FROM oracle.assertions WHERE enabled", ["A"]),
        ("SELECT 1 FROM oracle.indexes WHERE is_unique", ["APP.SYS_T_ID_PK"]),
        ("SELECT 1 FROM kubernetes.containers WHERE privileged AND sort = 'init'",
         ["apps/v1/Deployment/shop/web"]),
        ("SELECT 1 FROM kubernetes.containers WHERE container IN ('only', 'job')",
         ["v1/Pod/lone", "batch/v1/CronJob/night-"]),
        (("SELECT 1 FROM kubernetes.container_env WHERE value IS NULL AND"
         " JSON_VALUE(value_from, '$.secretKeyRef.name') = 's'"), ["apps/v1/Deployment/shop/web"]),
        ("SELECT 1 FROM kubernetes.labels WHERE label = 'app'", ["apps/v1/Deployment/shop/web"]),
        ("SELECT 1 FROM kubernetes.annotations WHERE value = '1'", ["batch/v1/CronJob/night-"]),
        ("SELECT 1 FROM kubernetes.objects WHERE namespace IS NULL AND api_version = 'v1'",
         ["v1/Pod/lone"]),
        ("SELECT 1 FROM terraform.attributes WHERE attribute = 'port' AND value = '5432'",
         ["module.a.aws_db_instance.orders[0]"]),
        (("SELECT 1 FROM terraform.resource_changes WHERE replaces AND creates AND deletes"
         " AND NOT updates AND index_key = '0' AND module_address = 'module.a'"),
         ["module.a.aws_db_instance.orders[0]"]),
        ("SELECT 1 FROM terraform.resource_changes WHERE after IS NULL", ["data.x.y"]),
        ("SELECT kind FROM kubernetes.objects GROUP BY kind HAVING COUNT(*) > 0", ["", "", ""]),
    ],
)  # fmt: skip
def test_relations(query: str, facts: list[str]) -> None:
    outcome = check_facts(rule(f"NOT EXISTS ({query})"), documents())
    assert [
        (f.status, f.fact)
        for f in outcome.findings
        if f.status is not Status.UNDETERMINED
    ] == [(Status.VIOLATION, fact) for fact in facts]


def test_whole_objects_stay_out_of_the_evidence() -> None:
    query = "SELECT 1 FROM terraform.resource_changes WHERE replaces"
    [found] = check_facts(rule(f"NOT EXISTS ({query})"), documents()).findings
    assert found.evidence[0]["ADDRESS"] == "module.a.aws_db_instance.orders[0]"
    assert not {"AFTER", "BEFORE", "AFTER_UNKNOWN"} & set(found.evidence[0])


@pytest.mark.parametrize(
    ("query", "message"),
    [
        ("SELECT 1 FROM oracle.table_", "ORA-00942"),
        ("SELECT 1 FROM oracle.tables WHERE nme = 1", "ORA-00904"),
        ("SELECT TO_NUMBER(name) FROM oracle.tables", "ORA-01722"),
    ],
)
def test_a_rule_that_cannot_run_is_an_error(query: str, message: str) -> None:
    [found] = check_facts(rule(f"NOT EXISTS ({query})"), documents()).findings
    assert found.status == Status.ERROR
    assert message in found.message
    assert found.span is not None


def test_rules_on_tables_are_not_on_facts() -> None:
    assert is_on_facts(rule("EXISTS (SELECT 1 FROM oracle.tables)")[0])
    assert not is_on_facts(rule("EXISTS (SELECT 1 FROM tables)")[0])


def test_every_relation_has_its_columns_and_their_meaning() -> None:
    known = catalog()
    for relation in RELATIONS:
        assert relation.doc.endswith(".")
        names = [f.name for f in relation.fields]
        assert len(set(names)) == len(names)
        assert all(f.doc for f in relation.fields)
        assert known.find(relation.stored_name) is not None
        for document in documents():
            if document.world == relation.world:
                for _, row in relation.rows(document.value):
                    assert len(row) == len(names)
