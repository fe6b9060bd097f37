# ruff: noqa: S608  (SQL is the point)
"""`comply sql run`, and `comply test` on scripts: what people and programs see."""

import json
from pathlib import Path

import pytest
from tests.policy_tree import write

from comply.cli.main import run

SCHEMA = """CREATE TABLE t (id NUMBER PRIMARY KEY, n NUMBER, v VARCHAR2(5));
CREATE ASSERTION small CHECK (NOT EXISTS (SELECT id, n FROM t WHERE n > 9));
CREATE ASSERTION some CHECK (EXISTS (SELECT 1 FROM t)) INITIALLY DEFERRED DISABLE;
"""
CHANGES = """INSERT INTO t VALUES (1, 5, 'a');
INSERT INTO t VALUES (2, 10, 'b'), (3, 12, NULL);
-- expect: ORA-08601 small
INSERT INTO t VALUES (4, 99, 'c');
INSERT INTO t VALUES (5, 1, 'd'); -- expect: ok
COMMIT;
"""


def scripts(folder: Path, **texts: str) -> list[str]:
    files = {f"{name}.sql": text for name, text in texts.items()}
    write(folder, files)
    return [str(folder / name) for name in files]


def test_failures_are_shown_with_their_rows(
    capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    files = scripts(tmp_path, a=SCHEMA, b=CHANGES)
    assert run(["sql", "run", *files]) == 1
    lines = capsys.readouterr().out.splitlines()
    assert lines[:7] == [
        f"✗ {files[1]}:2:1: ORA-08601: SQL assertion (SMALL) violated.",
        "    INSERT INTO t VALUES (2, 10, 'b'), (3, 12, NULL)",
        "    ID   N",
        "    --  --",
        "     2  10",
        "     3  12",
        "",
    ]
    assert lines[7].startswith(
        "✗ 1 broke the schema, 1 failed as expected, 6 succeeded · 2 scripts, "
    )


def test_the_rows_have_a_limit(
    capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    run(["sql", "run", *scripts(tmp_path, a=SCHEMA + CHANGES), "--rows", "1"])
    out = capsys.readouterr().out
    assert "     2  10\n    ... 1 more\n" in out


def test_what_is_met_is_0_and_verbose_shows_it(
    capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    text = "-- expect: ORA-00942\nSELECT * FROM nope;\nSELECT SYSDATE d FROM dual;\n"
    [file] = scripts(tmp_path, a=text)
    assert run(["sql", "run", file, "-v", "--now", "2026-01-31"]) == 0
    out = capsys.readouterr().out
    assert f"✓ {file}:2:1: ORA-00942\n    SELECT * FROM nope\n" in out
    assert "    2026-01-31 00:00:00\n" in out
    assert "✓ 1 failed as expected, 1 succeeded · 1 script, " in out


def test_what_cannot_be_run_is_2_and_the_run_goes_on(
    capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    [file] = scripts(tmp_path, a="SELECT x FROM dua;\nCREATE TABLE u (a NUMBER);\n")
    assert run(["sql", "run", file]) == 2
    out = capsys.readouterr().out
    assert f"✗ {file}:1:15: " not in out
    assert f"✗ {file}:1:1: ORA-00942: table or view DUA does not exist\n" in out
    assert f"      1 | SELECT x FROM dua;\n{' ' * 8}| {' ' * 14}^^^\n" in out
    assert "✗ 1 could not be run, 1 succeeded · 1 script, " in out


def test_the_end_commits(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    text = SCHEMA.replace("DISABLE", "NOVALIDATE").replace(
        "EXISTS (SELECT 1 FROM t)", "NOT EXISTS (SELECT id FROM t WHERE id = 1)"
    )
    [file] = scripts(tmp_path, a=text + "INSERT INTO t VALUES (1, 5, 'a');\n")
    assert run(["sql", "run", file]) == 1
    out = capsys.readouterr().out
    assert "at the commit that ends the run: ORA-02091: transaction rolled back" in out
    assert "    ORA-08601: SQL assertion (SOME) violated.\n" in out


def test_json_has_every_statement(
    capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    [file] = scripts(tmp_path, a=SCHEMA + CHANGES)
    assert run(["sql", "run", file, "-f", "json"]) == 1
    value = json.loads(capsys.readouterr().out)
    summary = value["summary"]
    assert summary.pop("seconds") >= 0
    assert summary == {"statements": 8, "broken": 1, "expected": 1, "ok": 6}
    assert value["statements"][4] == {
        "file": file,
        "row": 5,
        "col": 1,
        "statement": "INSERT INTO t VALUES (2, 10, 'b'), (3, 12, NULL)",
        "verdict": "broken",
        "code": 8601,
        "message": "ORA-08601: SQL assertion (SMALL) violated.",
        "assertion": "SMALL",
        "rows": [{"ID": 2, "N": 10}, {"ID": 3, "N": 12}],
    }
    assert value["statements"][5]["expected"] == "ORA-08601 small"


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("-- expect: failure\nCOMMIT;", "failure is no expectation"),
        ("-- expect:\nCOMMIT;", "nothing is no expectation"),
        ("-- expect: ok\n-- expect: ok\nCOMMIT;", "a statement has one expectation"),
        ("-- expect: ok\n", "there is no statement to expect anything of"),
        ("SELECT 'a FROM dual;", "this string has no end"),
    ],
)
def test_a_script_that_cannot_be_read_is_2(
    capsys: pytest.CaptureFixture[str], tmp_path: Path, text: str, message: str
) -> None:
    assert run(["sql", "run", *scripts(tmp_path, a=text)]) == 2
    assert message in capsys.readouterr().err


def test_an_empty_script(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    assert run(["sql", "run", *scripts(tmp_path, a="-- nothing\n")]) == 0
    assert "✓ no statements" in capsys.readouterr().out


def test_scripts_with_expectations_are_tests(
    capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    text = SCHEMA + CHANGES + "INSERT INTO t VALUES (7, 10, 'x'); -- expect: ok\n"
    good, _ = scripts(
        tmp_path, a=text, b="SELECT 'no test, expect: nothing' FROM dual;"
    )
    assert run(["test", str(tmp_path)]) == 1
    out = capsys.readouterr().out
    assert out.startswith(good)
    assert "✗ FAILED  INSERT INTO t VALUES (2, 10, 'b'), (3, 12, NULL)" in out
    assert (
        "    expected ok, but got ORA-08601: SQL assertion (SMALL) violated.\n" in out
    )
    assert "    ID   N\n    --  --\n     7  10\n" in out
    assert "✗ 2 tests failed, 2 tests passed · 2 files, " in out


def test_scripts_stand_beside_rego_in_reports(
    capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    rego = "package a_test\n\nimport rego.v1\n\ntest_it if 1 == 1\n"
    write(tmp_path, {"a_test.rego": rego})
    [script] = scripts(tmp_path, a=SCHEMA + CHANGES.replace("(2, 10, 'b'), ", ""))
    assert run(["test", str(tmp_path), "-f", "json"]) == 1
    tests = json.loads(capsys.readouterr().out)["tests"]
    assert [(t["outcome"], t["row"]) for t in tests] == [
        ("pass", 5),
        ("fail", 5),
        ("pass", 6),
        ("pass", 8),
    ]
    assert {t["package"] for t in tests[1:]} == {script}
    assert run(["test", str(tmp_path), "--run", "test_it"]) == 0
    run(["test", str(tmp_path), "-f", "junit"])
    assert f'file="{script}" line="5"' in capsys.readouterr().out


def test_a_script_that_cannot_be_read_is_a_file_error(
    capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    scripts(tmp_path, a="-- expect: nonsense\nCOMMIT;")
    assert run(["test", str(tmp_path)]) == 2
    assert "nonsense is no expectation" in capsys.readouterr().out


def test_a_statement_that_cannot_be_run_is_a_test_in_error(
    capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    scripts(tmp_path, a="SELECT nope FROM dual;\nCOMMIT; -- expect: ok\n")
    assert run(["test", str(tmp_path)]) == 2
    assert "■ ERROR   SELECT nope FROM dual" in capsys.readouterr().out
