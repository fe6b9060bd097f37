"""A script becomes the catalogue that the data dictionary would show."""

import os
import time
from pathlib import Path
from typing import Any

import pytest

from comply.findings import Status
from comply.load import load
from comply.load.facts import Document, facts
from comply.load.oracle_ddl import load_together, read_scripts
from comply.source import LoadError, Source

ROOT = Path(__file__).parents[1]
SHARED = Path(os.environ.get("COMPLY_SHARED", ROOT.parent / "shared"))
SHOP = ROOT / "fixtures" / "load" / "oracle" / "shop.sql"


def document(script: str) -> Document:
    [made] = load(Source("s.sql", script), "oracle_ddl")
    return made


@pytest.fixture(scope="module")
def shop() -> Document:
    [made] = load(Source("shop.sql", SHOP.read_text()), "oracle_ddl")
    return made


def named(rows: list[dict[str, Any]], name: str) -> dict[str, Any]:
    [found] = [r for r in rows if r["name"] == name]
    return found


def table(made: Document, name: str) -> dict[str, Any]:
    return named(made.value["tables"], name)


def test_every_statement_is_accounted_for(shop: Document) -> None:
    assert shop.problems == ()
    assert shop.value["unread"] == []
    outcomes = {(s["kind"], s["outcome"]) for s in shop.value["statements"]}
    assert ("CREATE TABLE", "defined") in outcomes
    assert ("INSERT INTO", "data") in outcomes
    assert ("PROMPT", "data") in outcomes
    assert ("COMMIT", "data") in outcomes
    assert shop.kind == "oracle_ddl"
    assert shop.world == "oracle"


def test_facts_have_the_identity_owner_and_name(shop: Document) -> None:
    found = {f.identity for f in facts(shop)}
    assert {"SHOP.CUSTOMERS", "SHOP.ORDERS", "PAD", "SHOP.EMAIL", "SHOP.PAID"} <= found
    assert "LOADS" not in found


def test_columns(shop: Document) -> None:
    columns = table(shop, "CUSTOMERS")["columns"]
    assert [c["name"] for c in columns] == [
        *("ID", "Name", "MAIL", "BORN", "BALANCE", "UPPER_NAME", "UPDATED", "NOTES"),
        *("QUOTA", "ACTIVE"),
    ]
    by_name = {c["name"]: c for c in columns}
    assert by_name["ID"]["identity"] == "by default"
    assert by_name["ID"]["nullable"] is False
    assert (
        by_name["Name"] | {"length": 50, "char_used": "CHAR", "nullable": False}
        == (by_name["Name"])
    )
    assert (by_name["MAIL"]["type"], by_name["MAIL"]["domain"]) == (
        "VARCHAR2",
        "SHOP.EMAIL",
    )
    assert by_name["BORN"]["default"] == "DATE '2000-01-01'"
    assert (by_name["BALANCE"]["precision"], by_name["BALANCE"]["scale"]) == (10, 2)
    assert by_name["UPPER_NAME"]["virtual"] == 'UPPER("Name")'
    assert by_name["UPDATED"]["type"] == "TIMESTAMP WITH LOCAL TIME ZONE"
    assert by_name["UPDATED"]["precision"] == 3
    assert by_name["UPDATED"]["default_on_null"] is True
    assert by_name["NOTES"]["invisible"] is True
    assert by_name["NOTES"]["annotations"] == {"HIDDEN": None, "OWNER": "ops"}
    assert by_name["QUOTA"]["type"] == "INTERVAL DAY TO SECOND"
    assert by_name["ACTIVE"]["default"] == "TRUE"


def test_constraints(shop: Document) -> None:
    found = table(shop, "CUSTOMERS")["constraints"]
    unique = named(found, "CUSTOMERS_MAIL_UK")
    assert (unique["type"], unique["columns"]) == ("unique", ["MAIL"])
    assert unique["deferrable"] is True
    assert unique["initially_deferred"] is True
    check = named(found, "SYS_CUSTOMERS_BALANCE_CK")
    assert check["condition"] == "balance >= 0"
    assert (check["validated"], check["generated"]) == (False, True)
    assert named(found, "CUSTOMERS_PK")["type"] == "primary_key"
    orders = table(shop, "ORDERS")["constraints"]
    foreign = named(orders, "SYS_ORDERS_CUSTOMER_ID_FK")
    assert foreign["references"] == {
        "owner": "SHOP",
        "table": "CUSTOMERS",
        "columns": ["ID"],
        "on_delete": "CASCADE",
    }
    assert named(orders, "STATUS_KNOWN")["validated"] is False
    assert "TOTAL_OK" not in {c["name"] for c in orders}


def test_alter_table(shop: Document) -> None:
    columns = {c["name"]: c for c in table(shop, "ORDERS")["columns"]}
    assert columns["REMARK"]["default"] == "q'[it's; \"new\"]'"
    assert columns["STATUS"]["length"] == 12
    assert columns["STATUS"]["nullable"] is False
    assert columns["TOTAL"]["nullable"] is True
    assert columns["TOTAL"]["comment"] == "in euros"
    assert columns["PLACED"]["nullable"] is False
    assert table(shop, "ORDERS")["partition_keys"] == ["PLACED"]
    assert table(shop, "ORDERS")["comment"] == 'What customers want; "soon"'
    assert table(shop, "PAD")["temporary"] is True
    assert table(shop, "CUSTOMERS")["annotations"] == {
        "TEAM": "sales",
        "STEWARD": "Ann",
    }


def test_indexes(shop: Document) -> None:
    found = {i["name"]: i for i in shop.value["indexes"]}
    assert found["ORDERS_CUSTOMER_IX"]["columns"] == ["CUSTOMER_ID", "UPPER(status)"]
    assert found["ORDERS_CUSTOMER_IX"]["visible"] is False
    assert found["ORDERS_STATUS"]["bitmap"] is True
    assert found["ORDERS_STATUS"]["usable"] is False
    assert (
        found["CUSTOMERS_PK"] | {"unique": True, "generated": True}
        == (found["CUSTOMERS_PK"])
    )


def test_other_objects(shop: Document) -> None:
    value = shop.value
    assert named(value["views"], "OPEN_ORDERS")["columns"] == ["ID", "TOTAL"]
    assert named(value["views"], "TOTALS")["type"] == "materialized"
    email = named(value["domains"], "EMAIL")
    assert email["display"] == "LOWER(VALUE)"
    assert email["constraints"][0]["condition"] == "REGEXP_LIKE(VALUE, '@')"
    assert named(value["domains"], "COLOUR")["values"] == ["RED", "GREEN", "BLUE"]
    assert named(value["domains"], "PLACE")["columns"] == ["LAT", "LON"]
    assert value["sequences"] == [
        {"owner": "SHOP", "name": "ORDER_SEQ", "start": 100, "increment": 2}
    ]
    paid = named(value["assertions"], "PAID")
    assert (paid["deferrable"], paid["enabled"], paid["validated"]) == (
        *(True, False, False),
    )
    kinds = {p["name"]: p["type"] for p in value["programs"]}
    assert kinds == {
        "SHOP": "USER",
        "ORDERS_BI": "TRIGGER",
        "API": "PACKAGE",
        "ORDERS": "SYNONYM",
    }
    used = {
        (a["object"], a["column"], a["name"], a["value"]) for a in value["annotations"]
    }
    assert ("CUSTOMERS", "NOTES", "OWNER", "ops") in used
    assert ("EMAIL", None, "PII", "yes") in used


def test_grants(shop: Document) -> None:
    rows = [
        (g["privilege"], g["grantee"], g["object"], g["option"])
        for g in shop.value["grants"]
    ]
    assert rows == [
        ("CREATE SESSION", "SHOP", None, "ADMIN"),
        ("CREATE TABLE", "SHOP", None, "ADMIN"),
        ("SELECT", "REPORTING", "ORDERS", "GRANT"),
        ("UPDATE (STATUS, REMARK)", "REPORTING", "ORDERS", "GRANT"),
        ("UPDATE (STATUS, REMARK)", "PUBLIC", "ORDERS", "GRANT"),
    ]


def test_places(shop: Document) -> None:
    text = SHOP.read_text().splitlines()
    tables = [t["name"] for t in shop.value["tables"]]
    span = shop.locate(("tables", tables.index("ORDERS")))
    assert span is not None
    assert "CREATE TABLE shop.orders" in text[span.row - 1]
    columns = [c["name"] for c in table(shop, "CUSTOMERS")["columns"]]
    span = shop.locate(("tables", 0, "columns", columns.index("BORN"), "type"))
    assert span is not None
    assert text[span.row - 1][span.col - 1 :].startswith("born")
    for kind in ("constraints", "columns", "indexes", "domains", "views", "assertions"):
        for i in range(len(shop.value[kind])):
            assert shop.locate((kind, i)) is not None, (kind, i)
    assert shop.locate(()) is None
    assert shop.locate(("grants", 0)) is None
    assert shop.locate(("tables",)) is None


def test_the_published_23ai_script_is_read_whole() -> None:
    path = SHARED / "seeds" / "sql" / "customers_23ai.sql"
    if not path.exists():
        pytest.skip(f"no published scripts at {path} (set COMPLY_SHARED)")
    [made] = load(Source(path.name, path.read_text()), "oracle_ddl")
    assert made.problems == ()
    outcomes = [s["outcome"] for s in made.value["statements"]]
    assert outcomes == ["defined"] * 11 + ["data"] * 3 + ["defined"] * 2
    views = {v["name"]: v for v in made.value["views"]}
    assert [t["name"] for t in views["CUSTOMERS_DV"]["tables"]] == ["CUSTOMERS"]
    assert [t["name"] for t in views["CUSTOMER_ORDERS_DV"]["tables"]] == [
        "CUSTOMERS",
        "ORDERS",
    ]
    assert views["CUSTOMERS_DV"]["force"] is True
    assert views["CUSTOMER_ORDERS_DV"]["annotations"]["DESCRIPTION"].startswith("JSON")
    columns = {c["name"]: c for c in table(made, "CUSTOMERS")["columns"]}
    assert columns["EMAIL"]["domain"] == "EMAILS"
    assert columns["CREDIT_CARD"]["length"] == 19
    assert columns["GOLD_CUSTOMER"]["default"] == "FALSE"


def test_the_published_schemas_have_no_unread_statement() -> None:
    folder = SHARED / "seeds" / "sql"
    if not folder.exists():
        pytest.skip(f"no published scripts at {folder} (set COMPLY_SHARED)")
    for path in sorted(folder.glob("*.sql")):
        [made] = load(Source(path.name, path.read_text()), "oracle_ddl")
        assert made.problems == (), path.name


@pytest.mark.parametrize(
    ("script", "message", "place"),
    [
        ("CREATE CLUSTER c (n NUMBER);", "ORA-00900", "s.sql:1:1"),
        ("CREATE TABLE t (a NUMBER,);", "expected a column name", "s.sql:1:26"),
        ("CREATE TABLE t (a NUMBER", "expected )", "s.sql:1:25"),
        ("CREATE TABLE t (a NUMBER) FROBNICATE;", "expected a clause", "s.sql:1:27"),
        ("CREATE TABLE t (a NUMBER CHECK (a > (1);", "ORA-00907", "s.sql:1:32"),
        ("CREATE TABLE t (a NUMBER WEIRD);", "expected a property", "s.sql:1:26"),
        ("CREATE TABLE t (a NUMBER, PRIMARY KEY (b));", "ORA-00904", "s.sql:1:27"),
        ("CREATE TABLE t (a NUMBER); CREATE TABLE t (a NUMBER)", "ORA-00955", "1:41"),
        ("ALTER TABLE t ADD a NUMBER;", "ORA-00942", "s.sql:1:13"),
        (
            "CREATE TABLE ta (a NUMBER); ALTER TABLE tb ADD a NUMBER;",
            "ORA-00942",
            "1:41",
        ),
        ("CREATE TABLE t (a NUMBER); ALTER TABLE t ADD a NUMBER", "ORA-01430", "1:46"),
        (
            "CREATE TABLE t (a NUMBER); ALTER TABLE t DROP CONSTRAINT c",
            "ORA-02443",
            "58",
        ),
        (
            "CREATE TABLE t (a NUMBER); ALTER TABLE t RENAME COLUMN b TO c",
            "ORA-00904",
            "",
        ),
        ("CREATE TABLE t (a NUMBER); ALTER TABLE t", "expected a clause", "s.sql:1:41"),
        ("CREATE INDEX i ON nowhere (a)", "ORA-00942", "s.sql:1:19"),
        ("DROP TABLE a b c", "expected the statement's end", "s.sql:1:14"),
        ("CREATE ASSERTION a CHECK (1 = 1)", "expected ALL, EXISTS", "s.sql:1:27"),
        ("CREATE ASSERTION a CHECK (ALL (SELECT 1 FROM t) x (1))", "SATISFY", "1:51"),
        ("GRANT TO x", "expected a privilege", "s.sql:1:7"),
        ("COMMENT ON TABLE t IS nothing", "expected a string", "s.sql:1:23"),
        ("CREATE DOMAIN d AS NUMBER FOO", "expected a clause of CREATE DOMAIN", "1:27"),
        ("CREATE SEQUENCE s START WITH x", "expected a whole number", "s.sql:1:30"),
    ],
)
def test_what_is_not_understood_is_a_problem_with_its_place(
    script: str, message: str, place: str
) -> None:
    made = document(script)
    [problem] = made.problems
    assert problem.status == Status.ERROR
    assert message in problem.message
    assert place in str(problem.span)
    [unread] = made.value["unread"]
    assert unread["message"] == problem.message


def test_the_rest_of_a_script_is_read_all_the_same() -> None:
    made = document(
        "CREATE TABLE a (n NUMBER);\nFROBNICATE;\nCREATE TABLE b (n NUMBER);"
    )
    assert [t["name"] for t in made.value["tables"]] == ["A", "B"]
    assert [p.message for p in made.problems] == [
        "ORA-00900: this statement is not one that comply reads"
    ]
    assert made.value["unread"][0]["line"] == 2


def test_a_script_that_does_not_split_is_refused() -> None:
    with pytest.raises(LoadError, match=r"s\.sql:1:8"):
        document("SELECT 'x")


def test_hints_name_what_is_close() -> None:
    made = document(
        "CREATE TABLE tickets (id NUMBER); ALTER TABLE ticket ADD x NUMBER;"
    )
    assert made.problems[0].remediation == "did you mean TICKETS?"


def test_names_without_owner_find_the_only_table_of_that_name() -> None:
    script = (
        "CREATE TABLE app.t (id NUMBER PRIMARY KEY);"
        " CREATE TABLE app.u (t_id NUMBER REFERENCES t(id));"
        " ALTER TABLE t ADD x NUMBER; CREATE INDEX i ON u (t_id);"
    )
    assert read_scripts([Source("s", script)]).unread == ()


def test_scripts_of_one_schema_are_loaded_together() -> None:
    tables = Source(
        "tables.sql", "CREATE TABLE a (id NUMBER);\nCREATE TABLE b (a_id NUMBER);"
    )
    keys = Source(
        "keys.sql",
        "ALTER TABLE a ADD CONSTRAINT a_pk PRIMARY KEY (id);\n"
        "ALTER TABLE b ADD (extra DATE, FOREIGN KEY (a_id) REFERENCES a);\n"
        "CREATE INDEX b_a ON b (a_id);\nGRANT SELECT ON a TO x;\nRENAME b TO c;",
    )
    first, second = load_together([tables, keys])
    assert first.problems == second.problems == ()
    a = table(first, "A")
    assert [c["name"] for c in a["constraints"]] == ["A_PK"]
    assert [c["nullable"] for c in a["columns"]] == [False]
    assert str(first.locate(("tables", 0))) == "tables.sql:1:14"
    assert str(first.locate(("tables", 0, "columns", 0))) == "tables.sql:1:17"
    assert str(first.locate(("constraints", 0))) == "keys.sql:1:19"
    c = table(second, "C")
    assert [x["name"] for x in c["columns"]] == ["A_ID", "EXTRA"]
    assert [x["name"] for x in c["indexes"]] == ["B_A"]
    assert str(second.locate(("tables", 0, "columns", 1))) == "keys.sql:2:20"
    assert str(second.locate(("tables", 0, "columns", 0))) == "tables.sql:2:17"
    assert [g["grantee"] for g in second.value["grants"]] == ["X"]
    assert first.value["grants"] == []
    assert len(first.value["statements"]) == 2


def test_a_table_of_thousands_of_columns_is_read_soon() -> None:
    start = time.process_time()
    columns = ", ".join(["a NUMBER NOT NULL"] * 3_000 + ["b NUMBER PRIMARY KEY"])
    made = table(document(f"CREATE TABLE t ({columns});"), "T")
    assert {column["nullable"] for column in made["columns"]} == {False}
    names = [c["name"] for c in made["constraints"]]
    assert names[0] == "SYS_T_A_NN"
    assert names[2_999:] == ["SYS_T_A_NN3000", "SYS_T_B_PK"]
    # It took sixteen: each constraint made all columns anew.
    assert time.process_time() - start < 5
