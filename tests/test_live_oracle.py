"""`comply check oracle://...` and its companions, by the real driver over a socket."""

import json
import logging
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from tests.oracle_server import SECRET, Oracle, hold, refusing, running

from comply.cli.main import run
from comply.database.address import Login
from comply.live.database import Limits
from comply.live.since import parse_since
from comply.source import ComplyError

Comply = Callable[..., tuple[int, str]]
Report = Callable[..., tuple[int, list[dict[str, Any]]]]

RULE = """CREATE ASSERTION orders_have_customers CHECK (
  ALL (SELECT id, customer_id FROM orders) o SATISFY (
    EXISTS (SELECT 1 FROM customers c WHERE c.id = o.customer_id)))"""
DEFINITION = (
    'ALL (select ID, "CUSTOMER_ID" from orders) o satisfy (exists '
    "(select 1 from customers c where c.id = o.customer_id))"
)
POSITIVE = "CREATE ASSERTION positive CHECK (NOT EXISTS (SELECT id FROM orders WHERE amount < 0));"


@pytest.fixture(scope="session", name="compiled")
def _compiled(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a folder for rules that were compiled once for all tests."""
    return tmp_path_factory.mktemp("compiled")


@pytest.fixture(name="oracle")
def _oracle(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, compiled: Path
) -> Iterator[Oracle]:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("COMPLY_CACHE_DIR", str(compiled))
    monkeypatch.setenv("COMPLY_ORACLE_PASSWORD", SECRET)
    monkeypatch.delenv("TNS_ADMIN", raising=False)
    (tmp_path / "rules.sql").write_text(f"{RULE};\n")
    with running() as oracle:
        yield oracle


@pytest.fixture(name="comply")
def _comply(capsys: pytest.CaptureFixture[str]) -> Comply:
    def call(*arguments: str) -> tuple[int, str]:
        capsys.readouterr()
        code = run([str(a) for a in arguments])
        out, err = capsys.readouterr()
        assert SECRET not in out + err
        assert "Traceback" not in err
        return code, out + err

    return call


@pytest.fixture(name="report")
def _report(comply: Comply, tmp_path: Path) -> Report:
    def call(*arguments: str) -> tuple[int, list[dict[str, Any]]]:
        file = tmp_path / "report.json"
        file.unlink(missing_ok=True)
        code, out = comply("check", *arguments, "-f", f"json={file}")
        assert file.exists(), out
        found: list[dict[str, Any]] = json.loads(file.read_text())["findings"]
        return code, found

    return call


def said(findings: list[dict[str, Any]], rule: str) -> list[str]:
    return [f["message"] for f in findings if f["rule_id"].endswith(rule)]


def test_the_catalogue_is_checked(oracle: Oracle, report: Report) -> None:
    code, found = report(oracle.url)
    assert code == 1
    assert said(found, "indexed-foreign-keys") == [
        "table APP.ORDERS: no index leads with the foreign key ORDERS_FK (CUSTOMER_ID)"
    ]
    assert said(found, "primary-key") == []
    assert said(found, "usable-indexes") == [
        "index APP.ORDERS_PK of table ORDERS is unusable"
    ]
    assert said(found, "valid-objects") == ["view APP.OPEN_ORDERS is invalid"]
    assert said(found, "fresh-statistics") == [
        "table APP.ORDERS: the statistics are stale"
    ]
    assert said(found, "no-public-grants") == [
        "SELECT on APP.ORDERS is granted to PUBLIC"
    ]
    assert said(found, "no-any-privileges") == [
        "APP has SELECT ANY TABLE and may pass it on"
    ]
    assert sorted(said(found, "enforced-constraints")) == [
        "constraint ORDERS_CK of table APP.ORDERS is disabled",
        "constraint ORDERS_FK of table APP.ORDERS was never checked on old rows",
    ]
    assert "SET TRANSACTION READ ONLY" in oracle.script.statements
    written = [s.split()[0] for s in oracle.script.statements]
    assert set(written) == {"SELECT", "SET"}


def test_what_cannot_be_seen_is_said(oracle: Oracle, report: Report) -> None:
    unseen = said(report(oracle.url)[1], "not-visible")
    assert len(unseen) == 2
    assert any("default passwords" in text for text in unseen)
    oracle.script.errors["ALL_TAB_STATISTICS"] = (1031, "insufficient privileges")
    assert any(
        "TAB_STATISTICS" in t for t in said(report(oracle.url)[1], "not-visible")
    )


def test_dba_views_are_read_where_they_are_allowed(
    oracle: Oracle, report: Report
) -> None:
    oracle.script.answers["DBA_USERS_WITH_DEFPWD"] = (["USERNAME"], [("SCOTT",)])
    names = ["GRANTEE", "PRIVILEGE", "ADMIN_OPTION"]
    oracle.script.answers["DBA_SYS_PRIVS"] = (
        names,
        [("BATCH", "DROP ANY TABLE", "NO")],
    )
    found = report(oracle.url)[1]
    assert said(found, "no-default-passwords") == [
        "account SCOTT has its default password"
    ]
    assert said(found, "no-any-privileges") == ["BATCH has DROP ANY TABLE"]
    assert said(found, "not-visible") == []


def test_rules_are_checked_against_data(oracle: Oracle, report: Report) -> None:
    code, found = report(oracle.url, "-r", "rules.sql")
    assert code == 1
    assert said(found, "assertion-missing") == [
        "APP.ORDERS_HAVE_CUSTOMERS is not in the database"
    ]
    (finding,) = [f for f in found if f["rule_id"] == "rules"]
    assert finding["message"] == "1 row violates ORDERS_HAVE_CUSTOMERS"
    assert finding["evidence"] == [{"id": 2, "customer_id": 9}]


@pytest.mark.parametrize(
    ("state", "rule", "checked"),
    [
        ({}, "", False),
        ({"STATUS": "DISABLED"}, "assertion-disabled", True),
        ({"VALIDATED": "NOT VALIDATED"}, "assertion-not-validated", True),
        ({"DEFERRED": "DEFERRED"}, "assertion-different", True),
    ],
)
def test_rules_and_database_are_compared(
    oracle: Oracle, report: Report, state: dict[str, str], rule: str, checked: bool
) -> None:
    hold(oracle, "ORDERS_HAVE_CUSTOMERS", DEFINITION, **state)
    hold(oracle, "OTHER", "NOT EXISTS (SELECT 1 FROM orders WHERE id < 0)")
    found = report(oracle.url, "-r", "rules.sql")[1]
    assert said(found, "assertion-extra") == [
        "APP.OTHER is in the database and in none of the rules"
    ]
    compared = {f["rule_id"] for f in found if f["rule_id"].startswith("live/")}
    assert compared == {"live/assertion-extra"} | ({f"live/{rule}"} if rule else set())
    assert bool(said(found, "rules")) is checked


@pytest.mark.parametrize(
    "definition",
    ["NOT EXISTS (SELECT 1 FROM orders)", "CHECK (nonsense", "what is ( this"],
)
def test_another_definition_is_different(
    oracle: Oracle, report: Report, definition: str
) -> None:
    hold(oracle, "ORDERS_HAVE_CUSTOMERS", definition)
    found = report(oracle.url, "-r", "rules.sql")[1]
    assert len(said(found, "assertion-different")) == 1
    assert len(said(found, "rules")) == 1


@pytest.mark.parametrize(
    "form", ["CHECK ({})", "CREATE ASSERTION app.x CHECK ({})", "{} ;"]
)
def test_definitions_may_come_in_several_forms(
    oracle: Oracle, report: Report, form: str
) -> None:
    hold(oracle, "ORDERS_HAVE_CUSTOMERS", form.format(DEFINITION))
    assert said(report(oracle.url, "-r", "rules.sql")[1], "rules") == []


def test_a_release_without_assertions(oracle: Oracle, comply: Comply) -> None:
    oracle.script.errors["ALL_ASSERTION"] = (942, "table or view does not exist")
    code, out = comply("check", oracle.url, "-r", "rules.sql", "--no-cache")
    assert code == 1
    assert "this database has no assertions: the data was checked" in out
    assert "is not in the database" not in out
    code, out = comply("sql", "export", oracle.url)
    assert code == 2
    assert "23.26.1" in out


def test_rules_that_cannot_be_checked(oracle: Oracle, report: Report) -> None:
    Path("bad.sql").write_text(
        "CREATE ASSERTION nowhere CHECK (NOT EXISTS (SELECT 1 FROM nothing));"
    )
    code, found = report(oracle.url, "-r", "bad.sql")
    assert code == 2
    assert "NOTHING does not exist" in said(found, "bad")[0]
    Path("far.sql").write_text(
        "CREATE ASSERTION far CHECK (NOT EXISTS (SELECT 1 FROM hr.staff));"
    )
    code, found = report(oracle.url, "-r", "far.sql")
    assert code == 2
    assert "ORA-00942" in said(found, "far")[0]


def test_a_pack_without_its_tables_is_one_line(
    oracle: Oracle, report: Report, comply: Comply
) -> None:
    code, found = report(oracle.url, "--pack", "oracle/sla")
    (finding,) = [f for f in found if not f["rule_id"].endswith("not-visible")]
    assert code == 0
    assert finding["rule_id"] == "live/not-applicable"
    assert finding["status"] == "undetermined"
    assert finding["message"] == (
        "oracle/sla: its 4 rules not applicable here: the schema APP has none of the "
        "tables ENGINEERS, SLAS, SLA_SERVICES, TICKETS"
    )
    out = comply("check", oracle.url, "--pack", "oracle/sla", "--no-cache")[1]
    assert out.count("not applicable") == 1
    assert "could not be checked" not in out
    assert not [s for s in oracle.script.statements if "SLAS" in s.upper()]


def test_a_pack_with_some_of_its_tables_says_what_is_missing(
    oracle: Oracle, report: Report
) -> None:
    cursor = oracle.database.cursor()
    cursor.execute("CREATE TABLE app.slas (id INTEGER, customer_id INTEGER)")
    cursor.execute(
        "INSERT INTO app.all_tables VALUES ('APP', 'SLAS', 'N', 'NO', 'NO', 'NO')"
    )
    cursor.execute(
        "INSERT INTO app.all_tab_columns VALUES"
        " ('APP', 'SLAS', 'ID', 1, 'NUMBER', 0, NULL, NULL, NULL, 'N'),"
        " ('APP', 'SLAS', 'CUSTOMER_ID', 2, 'NUMBER', 0, NULL, NULL, NULL, 'N')"
    )
    code, found = report(oracle.url, "--pack", "oracle/sla", "-r", "rules.sql")
    assert code == 2
    (message,) = said(found, "not-applicable")
    assert message.startswith("oracle/sla: 1 of 4 rules not applicable here: ")
    assert message.endswith("has none of the tables ENGINEERS, TICKETS")
    assert "SLA_SERVICES does not exist" in said(found, "sla-has-services")[0]
    assert '"START_DATE": invalid' in said(found, "slas-do-not-overlap")[0]
    assert "TICKETS does not exist" in said(found, "ticket-needs-active-sla")[0]
    assert len(said(found, "rules")) == 1


def test_what_users_ask_for_always_applies(oracle: Oracle, report: Report) -> None:
    Path("mine.sql").write_text(
        "CREATE ASSERTION mine CHECK (NOT EXISTS (SELECT 1 FROM tickets));"
    )
    code, found = report(oracle.url, "--pack", "oracle/sla", "-r", "mine.sql")
    assert code == 2
    assert "TICKETS does not exist" in said(found, "mine")[0]


def test_evidence_is_limited(oracle: Oracle, report: Report) -> None:
    oracle.database.cursor().execute(
        "INSERT INTO app.orders SELECT range, 77, 1, NULL FROM range(10, 20010)"
    )
    found = report(oracle.url, "-r", "rules.sql", "--evidence", "3")[1]
    (finding,) = [f for f in found if f["rule_id"] == "rules"]
    assert finding["message"] == "more than 3 rows violate ORDERS_HAVE_CUSTOMERS"
    assert len(finding["evidence"]) == 3
    found = report(oracle.url, "-r", "rules.sql", "--evidence", "200000")[1]
    (finding,) = [f for f in found if f["rule_id"] == "rules"]
    assert finding["message"] == "20,001 rows violate ORDERS_HAVE_CUSTOMERS"
    assert len(finding["evidence"]) == 20_001


def test_a_cut_connection_begins_again(oracle: Oracle, report: Report) -> None:
    oracle.script.cuts['FROM "ORDERS"'] = 1
    code, found = report(oracle.url, "-r", "rules.sql")
    assert code == 1
    assert len(said(found, "rules")) == 1
    assert oracle.script.statements.count("SET TRANSACTION READ ONLY") == 2


@pytest.mark.parametrize(
    ("script", "expected"),
    [
        ({"cuts": {"ALL_TABLES": 9}}, "the connection was lost 3 times"),
        ({"errors": {"ALL_TABLES": (600, "internal error code")}}, "ORA-00600"),
    ],
)
def test_failures_of_the_database(
    oracle: Oracle,
    comply: Comply,
    script: dict[str, Any],
    expected: str,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("comply.live.database.time.sleep", lambda _: None)
    for name, value in script.items():
        getattr(oracle.script, name).update(value)
    code, out = comply("check", oracle.url, "--no-cache")
    assert code == 2
    assert expected in out


def test_a_slow_rule_is_an_error_of_that_rule(oracle: Oracle, report: Report) -> None:
    oracle.script.delays['FROM "ORDERS"'] = 1.5
    code, found = report(oracle.url, "-r", "rules.sql", "--timeout", "0.5")
    assert code == 2
    assert "longer than 0.5 s" in said(found, "rules")[0]


def test_logins_that_fail(
    oracle: Oracle, comply: Comply, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert comply("check", oracle.url.replace("app@", "app:x9z@"))[0] == 2
    assert "x9z" not in comply("check", oracle.url.replace("app@", "app:x9z@"))[1]
    with refusing(12514) as port:
        code, out = comply("check", f"oracle://app@127.0.0.1:{port}/nope")
    assert code == 2
    assert 'Service "nope"' in out
    monkeypatch.setenv("COMPLY_ORACLE_PASSWORD", "Wrong-" + SECRET[:5])
    code, out = comply("check", oracle.url)
    assert code == 2
    assert "ORA-01017" in out
    monkeypatch.delenv("COMPLY_ORACLE_PASSWORD")
    monkeypatch.delenv("ORACLE_PASSWORD", raising=False)
    assert "there is no password" in comply("check", oracle.url)[1]
    assert "names no user" in comply("check", oracle.url.replace("app@", ""))[1]
    assert comply("check", oracle.url, "rules.sql")[0] == 2


@pytest.mark.parametrize("password", [SECRET, f"{SECRET}-but-wrong"])
def test_no_log_record_holds_the_password(
    oracle: Oracle,
    comply: Comply,
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
    password: str,
) -> None:
    """Neither ours nor those of the driver, of the server's answers, of what is raised."""
    monkeypatch.setenv("COMPLY_ORACLE_PASSWORD", password)
    oracle.script.errors["ALL_TAB_STATISTICS"] = (1031, "insufficient privileges")
    oracle.script.cuts["ALL_INDEXES"] = 1
    with caplog.at_level(logging.DEBUG):
        logging.getLogger("tests").debug("records are caught")
        assert comply("check", oracle.url, "-r", "rules.sql", "--no-cache")[0] in (1, 2)
        with refusing(12514) as port:
            comply("check", f"oracle://app@127.0.0.1:{port}/nope")
        comply("sql", "export", oracle.url)
        comply("sql", "adopt", oracle.url, "-r", "rules.sql", "-o", "adopt")
    assert "records are caught" in caplog.text
    for record in caplog.records:
        assert SECRET not in f"{record.getMessage()} {record.__dict__}"
    login = Login(password, f"wallet-{password}")
    assert SECRET not in f"{login!r} {login}"


def test_a_person_is_asked_for_the_password(
    oracle: Oracle, comply: Comply, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("COMPLY_ORACLE_PASSWORD")
    monkeypatch.setattr("comply.cli.addresses.sys.stdin.isatty", lambda: True)
    monkeypatch.setattr("getpass.getpass", lambda _: SECRET)
    assert comply("check", oracle.url, "--no-cache")[0] == 1


def test_a_schema_without_tables(oracle: Oracle, comply: Comply) -> None:
    code, out = comply("check", oracle.url + "?schema=empty")
    assert code == 2
    assert "the schema EMPTY holds no tables" in out


def test_a_catalogue_is_kept_and_checked_later(oracle: Oracle, report: Report) -> None:
    live = report(oracle.url, "--catalogue", "kept.json")[1]
    kept = report("kept.json", "--pack", "oracle/schema", "--pack", "oracle/catalogue")[
        1
    ]
    ours = {(f["rule_id"], f["message"]) for f in live if "visible" not in f["rule_id"]}
    assert ours <= {(f["rule_id"], f["message"]) for f in kept}


pytestmark = pytest.mark.filterwarnings(
    "ignore::pytest.PytestUnraisableExceptionWarning"  # sockets of cut connections
)


def since(oracle: Oracle, changed: set[str]) -> None:
    for table in ("ORDERS", "CUSTOMERS"):
        count = [("1" if table in changed else None,)]
        rows = count if table in changed else []
        asked = f"SELECT COUNT(*) FROM {table} VERSIONS"  # noqa: S608
        oracle.script.answers[asked] = (
            ["N"],
            rows or [("",)],
        )


def test_only_what_changed_is_checked(oracle: Oracle, comply: Comply) -> None:
    since(oracle, {"ORDERS"})
    oracle.script.answers[".ROWID IN (SELECT ROWID"] = (["ID"], [("2",)])
    code, out = comply(
        "check", oracle.url, "-r", "rules.sql", "--since", "4711", "--no-cache"
    )
    assert code == 1
    assert "1 row violates ORDERS_HAVE_CUSTOMERS" in out
    last = [s for s in oracle.script.statements if ".ROWID IN" in s][-1]
    assert last.endswith(
        '"ORDERS".ROWID IN (SELECT ROWID FROM "ORDERS" VERSIONS BETWEEN SCN 4711 AND '
        "MAXVALUE WHERE VERSIONS_OPERATION IN ('I', 'U')))"
    )


def test_nothing_changed(oracle: Oracle, comply: Comply) -> None:
    since(oracle, set())
    out = comply(
        "check", oracle.url, "-r", "rules.sql", "--since", "4711", "--no-cache"
    )[1]
    assert "violates ORDERS_HAVE_CUSTOMERS" not in out


@pytest.mark.parametrize(
    ("changed", "reason"),
    [({"CUSTOMERS"}, "CUSTOMERS changed"), (None, "does not tell what changed")],
)
def test_all_is_checked_where_changes_do_not_tell(
    oracle: Oracle, comply: Comply, changed: set[str] | None, reason: str
) -> None:
    if changed is None:
        oracle.script.errors["VERSIONS BETWEEN"] = (1555, "snapshot too old")
    else:
        since(oracle, changed)
    moment = "2026-11-21T06:30:00+01:00"
    out = comply(
        "check", oracle.url, "-r", "rules.sql", "--since", moment, "--no-cache"
    )[1]
    assert "1 row violates ORDERS_HAVE_CUSTOMERS" in out
    assert f"ORDERS_HAVE_CUSTOMERS: all rows checked: {reason}" in out or reason in out


def test_a_moment_that_is_none() -> None:
    with pytest.raises(ComplyError, match="neither an SCN nor a timestamp"):
        parse_since("yesterday")
    assert "+01:00" in parse_since("2026-11-21T06:30:00+01:00").clause


def test_export(oracle: Oracle, comply: Comply) -> None:
    hold(oracle, "ORDERS_HAVE_CUSTOMERS", DEFINITION, VALIDATED="NOT VALIDATED")
    hold(oracle, "SECRET_ONE", None)
    code, out = comply("sql", "export", oracle.url, "-o", "out.sql")
    assert code == 0
    assert "not visible to this user: APP.SECRET_ONE" in out
    text = Path("out.sql").read_text()
    assert text.startswith("CREATE ASSERTION APP.ORDERS_HAVE_CUSTOMERS\nCHECK (ALL (")
    assert "ENABLE NOVALIDATE;" in text
    assert "-- APP.SECRET_ONE: its definition is hidden" in text
    assert comply("sql", "export", oracle.url, "-o", "no/such/folder.sql")[0] == 2
    assert "CREATE ASSERTION" in comply("sql", "export", oracle.url)[1]


def test_adopt(oracle: Oracle, comply: Comply) -> None:
    Path("more.sql").write_text(POSITIVE)
    code, out = comply(
        "sql", "adopt", oracle.url, "-r", "rules.sql", "-r", "more.sql", "-o", "out"
    )
    assert code == 1
    assert "1 violations  out/orders_have_customers.csv" in out
    assert Path("out/orders_have_customers.csv").read_text() == "id,customer_id\n2,9\n"
    script = Path("out/adopt.sql").read_text()
    assert (
        "ENABLE NOVALIDATE;\n-- once the rows are corrected: ALTER ASSERTION" in script
    )
    assert script.rstrip().endswith("WHERE amount < 0));")
    assert not Path("out/positive.csv").exists()


@pytest.mark.parametrize(
    ("state", "expected"),
    [
        ({}, ""),
        ({"STATUS": "DISABLED"}, "ALTER ASSERTION POSITIVE ENABLE VALIDATE;"),
        ({"VALIDATED": "NOT VALIDATED"}, "ALTER ASSERTION POSITIVE ENABLE VALIDATE;"),
        ({"DEFERRED": "DEFERRED"}, "DROP ASSERTION POSITIVE;\nCREATE ASSERTION"),
    ],
)
def test_adopt_what_is_there(
    oracle: Oracle, comply: Comply, state: dict[str, str], expected: str
) -> None:
    Path("more.sql").write_text(POSITIVE)
    hold(
        oracle,
        "POSITIVE",
        "NOT EXISTS (SELECT id FROM orders WHERE amount < 0)",
        **state,
    )
    assert comply("sql", "adopt", oracle.url, "-r", "more.sql")[0] == 0
    script = Path("adopt/adopt.sql")
    assert script.exists() is bool(expected)
    if expected:
        assert script.read_text().startswith(expected)


def test_adopt_without_what_it_needs(oracle: Oracle, comply: Comply) -> None:
    assert "no assertion to adopt" in comply("sql", "adopt", oracle.url)[1]
    Path("bad.sql").write_text(
        "CREATE ASSERTION a CHECK (NOT EXISTS (SELECT 1 FROM x));"
    )
    code, out = comply("sql", "adopt", oracle.url, "-r", "bad.sql")
    assert code == 2
    assert "A  not checked: ORA-00942" in out
    Path("file").write_text("")
    assert comply("sql", "adopt", oracle.url, "-r", "rules.sql", "-o", "file/x")[0] == 2


def test_verify_oracle_tells_facts_from_fiction(
    oracle: Oracle, comply: Comply, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("comply.live.verify.secrets.token_hex", lambda _: "cafe")
    oracle.script.users["COMPLY_VERIFY"] = "Vx1_cafe"
    for part in ("CREATE USER", "DROP USER", "CREATE ASSERTION", "DROP ASSERTION"):
        oracle.script.answers[part] = ([], [])
    oracle.script.errors["a_ansi"] = (8689, "failed\nORA-08735: not supported")
    code, out = comply("verify-oracle", oracle.url, "--yes")
    assert code == 1
    assert "holds  joins with JOIN .. ON are refused" in out
    assert "FALSE  aggregates are refused with ORA-08661" in out
    assert "expected ORA-08689 ORA-08661, but: ok" in out
    assert "Vx1_cafe" not in out
    assert oracle.script.statements[-1] == "DROP USER COMPLY_VERIFY CASCADE"


def test_verify_oracle_needs_privileges(oracle: Oracle, comply: Comply) -> None:
    oracle.script.errors["CREATE USER"] = (1031, "insufficient privileges")
    code, out = comply("verify-oracle", oracle.url, "--yes")
    assert code == 2
    assert "may create and drop users" in out
    assert comply("verify-oracle", "postgresql://a@b/c", "--yes")[0] == 2


def test_limits_have_sane_defaults() -> None:
    assert Limits().seconds > 0
    assert Limits().rows <= 1000


def test_a_project_allows_what_it_knows(
    oracle: Oracle, report: Report, tmp_path: Path
) -> None:
    settings = tmp_path / "settings.yaml"
    settings.write_text(
        "exceptions:\n  - {rule: '*/indexed-foreign-keys', fact: '*ORDERS*', reason: x}\n"
    )
    _, found = report(oracle.url, "--config", str(settings))
    statuses = {f["rule_id"].rpartition("/")[2]: f["status"] for f in found}
    assert statuses["indexed-foreign-keys"] == "exempt"
    assert statuses["usable-indexes"] == "violation"
