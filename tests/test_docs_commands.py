"""Every command that README and docs show is run: here, or in a test that is named.

A command runs in a copy of one project, in this process, and has to end with 0 unless
`CODES` says otherwise. What cannot run here stands in `ELSEWHERE` with the test that runs
it, or in `LACKING` with what no test machine has.
"""

import ast
import contextlib
import io
import shlex
import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest
from tests.docs_blocks import PAGES, ROOT, Command, commands, typed
from tests.git_repository import new_repository
from tests.oracle_server import SECRET, running

from comply.cli.main import run

ELSEWHERE = {
    "docs/ci.md": ("test_ci_files.py::test_the_commands_of_the_page_run",),
    "docs/reports.md": ("test_docs_reports.py::test_commands_run",),
    "docs/spacelift.md": (
        "test_docs_spacelift.py::test_the_policy_is_printed_with_tests_that_pass",
        "test_docs_spacelift.py::test_it_can_be_tried_and_says_what_the_page_says",
    ),
}
"""Pages whose blocks are run as shell scripts, or their reports read, by tests."""

LACKING = {
    "python3 -m venv .venv && .venv/bin/pip install -q -e .": "network: `.ci/run` does it",
    "python3 -m venv .venv && .venv/bin/pip install -q -U pip": "network: `.ci/run` does it",
    "terraform show": "Terraform: plan.json of the fixtures is what it printed",
    "comply watch": "a terminal: test_cli_watch.py holds the command to its page",
    "comply check oracle://app@ORDERS_HIGH": "a tnsnames.ora: test_live_oracle.py asks since",
    "comply verify-oracle": "a DBA: test_live_oracle.py verifies on a server of its own",
}
"""Beginnings of commands, and what no test machine has: the rest says who tests them."""

CODES = {
    "comply check fixtures/demo --baseline known.json": 0,
    "comply check fixtures/demo": 1,
    "comply check plan.json": 1,
    "comply check deploy/": 1,
    "comply check schema.sql": 1,
    "comply check --no-cache": 1,
    "comply check --spacelift": 2,
    "comply check oracle://": 1,
    'comply check "oracle://': 1,
}
"""Beginnings of commands that end with another code than 0; the first that fits counts.

The demo is full of violations, the live schema lacks the assertion; no variables tell of
a run of Spacelift.
"""

SHORTER = {"bench": ["--seconds", "0.02"]}
"""Options that make a command take less time than on the page."""

BUCKETS = """package example

import rego.v1

deny contains sprintf("%v is public", [r.address]) if {
	some r in input.resource_changes
	r.change.after.publicly_accessible == true
}
"""
BUCKETS_TEST = """package example_test

import rego.v1

test_nothing if count(data.example.deny) == 0 with input as {"resource_changes": []}
"""
SPACELIFT = """package spacelift

deny["no password"] { input.terraform.resource_changes[_].change.after.password == "x" }
sample { true }
"""
MODULE = 'resource "aws_instance" "later" {\n  ami = var.ami\n}\nvariable "ami" {}\n'
ASSERTION = (
    "CREATE ASSERTION orders_have_customers CHECK (\n"
    "  NOT EXISTS (SELECT 1 FROM orders WHERE customer_id < 0)\n);\n"
)
SCHEMA = (ROOT / "fixtures/demo/schema.sql").read_text("utf-8")
OWN = {"docs/sql-deltas.md": {"schema.sql": SCHEMA + ASSERTION}}
"""Files that a page takes for others than its siblings do."""

ROWS = (
    "INSERT INTO customers (name) VALUES ('A');\n"
    "INSERT INTO orders (customer_id, total_value) VALUES (1, 5);\nCOMMIT;\n"
)


@pytest.fixture(scope="module")
def project(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a project with what the pages name, in git, with a main that is older."""
    folder = tmp_path_factory.mktemp("docs") / "project"
    made = new_repository(folder)
    demo = ROOT / "fixtures/demo"
    made.write(
        {
            "policy/buckets.rego": BUCKETS,
            "policy/buckets_test.rego": BUCKETS_TEST,
            "infra/main.tf": MODULE,
            "assertions.sql": ASSERTION,
            "db/assertions.sql": ASSERTION.replace("have", "of_the_db_have"),
            "rules/assertions.sql": ASSERTION.replace("have", "of_rules_have"),
            "schema.sql": SCHEMA,
            "load.sql": ROWS,
            "changes.sql": ROWS,
            "no-default-password.rego": SPACELIFT,
            "policy.rego": SPACELIFT,
        }
    )
    for name in ("plan.json", "input.json", "main-plan.json"):
        shutil.copy(demo / "plan.json", folder / name)
    for name in ("required_tags.rego", "public_s3.rego"):
        shutil.copy(ROOT / "benchmarks/rules" / name, folder / "rules")
    shutil.copytree(demo / "deploy", folder / "deploy")
    shutil.copytree(demo, folder / "fixtures/demo")
    made.commit()
    made.git("update-ref", "refs/remotes/origin/main", "HEAD")
    return folder


@pytest.fixture
def copy(
    project: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> Iterator[str]:
    """Work in a copy of the project; yield the address of a database beside it."""
    shutil.copytree(project, tmp_path / "project")
    monkeypatch.chdir(tmp_path / "project")
    monkeypatch.setenv("COMPLY_CACHE_DIR", str(tmp_path / "cache"))
    monkeypatch.setenv("COMPLY_PATHS", "deploy")
    monkeypatch.setenv("COMPLY_ORACLE_PASSWORD", SECRET)
    with running() as oracle:
        yield oracle.url


def lacking(command: Command) -> bool:
    return command.text.startswith(tuple(LACKING))


def code(command: Command) -> int:
    return next((c for t, c in CODES.items() if command.text.startswith(t)), 0)


def words(text: str, address: str) -> list[str]:
    """Return the words behind `comply`, its address that of a server which is there."""
    program, *found = shlex.split(text, comments=True)
    assert program == "comply", f"`{program}` is run by no test: see ELSEWHERE"
    live = [address if w.startswith("oracle://") else w for w in found]
    return live + SHORTER.get(live[0], [])


@pytest.mark.parametrize("page", [p for p in PAGES if p not in ELSEWHERE])
def test_the_commands_of_a_page_run(page: str, copy: str) -> None:
    for name, text in OWN.get(page, {}).items():
        Path(name).write_text(text)
    for command in commands(page):
        if lacking(command):
            continue
        out, err = io.StringIO(), io.StringIO()
        with contextlib.redirect_stdout(out), contextlib.redirect_stderr(err):
            ended = run(words(command.text, copy))
        place = f"{page}:{command.row}: {command.text}"
        assert ended == code(command), f"{place}\n{out.getvalue()}{err.getvalue()}"


def test_what_is_said_of_commands_is_about_some() -> None:
    shown = [c for page in PAGES for c in commands(page)]
    here = [c.text for c in shown if c.page not in ELSEWHERE]
    assert set(OWN) <= set(PAGES)
    for beginning in (*LACKING, *CODES):
        assert any(text.startswith(beginning) for text in here), beginning
    assert set(ELSEWHERE) <= {command.page for command in shown}
    assert all(reason.partition(": ")[2] for reason in LACKING.values())


@pytest.mark.parametrize(
    "test", [test for tests in ELSEWHERE.values() for test in tests]
)
def test_tests_of_pages_are_there(test: str) -> None:
    file, _, name = test.partition("::")
    tree = ast.parse((ROOT / "tests" / file).read_text())
    assert name in {n.name for n in tree.body if isinstance(n, ast.FunctionDef)}


def test_commands_are_seen_however_a_block_is_written() -> None:
    page = """comply checks much:

    comply a
    not a command

```sh
comply b   # why

export C=c
```

```
$ comply d
what it says
comply e
```

```console
$ comply f
done
```

```yaml
comply: g
```
"""
    rows = {7: "comply b   # why", 9: "export C=c", 13: "comply d", 19: "comply f"}
    assert dict(typed(page)) == rows | {3: "comply a", 15: "comply e"}
