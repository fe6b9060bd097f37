"""Whatever people or attackers hand in: a message, exit 2, and no traceback."""

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
POD = "apiVersion: v1\nkind: Pod\nmetadata: {name: a}\n"
RULE = 'package r\nimport rego.v1\ndeny contains "x" if input.kind == "Job"\n'
BOMB = "a: &a [x,x,x,x,x,x,x,x,x]\n" + "\n".join(
    f"{chr(98 + i)}: &{chr(98 + i)} [{','.join(['*' + chr(97 + i)] * 9)}]"
    for i in range(9)
)


def comply(
    folder: Path, *arguments: str, stdin: bytes = b""
) -> subprocess.CompletedProcess[bytes]:
    environment = {**os.environ, "PYTHONPATH": str(ROOT / "engine")}
    return subprocess.run(
        [sys.executable, "-m", "comply.cli.main", *arguments],
        cwd=folder,
        env=environment,
        input=stdin,
        capture_output=True,
        check=False,
        timeout=60,
    )


def refused(folder: Path, *arguments: str) -> str:
    """Return what a refused command said, after checking that it was one."""
    done = comply(folder, *arguments)
    said = (done.stdout + done.stderr).decode()
    assert done.returncode == 2, said
    assert "Traceback" not in said
    return said


@pytest.mark.parametrize(
    ("name", "data", "message"),
    [
        (
            "plan.json",
            b'{"format_version": "1.2", "resource_changes": [{"a',
            "truncated",
        ),
        ("plan.json", b'{"@level":"info","@message":"x"}\n' * 3, "message stream"),
        (
            "plan.json",
            b'[command]terraform show\n{"format_version":"1.2","planned_values":{}}',
            "text around",
        ),
        ("plan.tfplan", b"PK\x03\x04\x14\x00\x08\x08\x08\x00tfplan\x00", "binary plan"),
        ("plan.json", b"\x00\x01\x02\x03", "binary file"),
        (
            "plan.json",
            b'{"format_version": "1.2", "a": {"b": 1, "b": 2}, "c": {,}}',
            'the key "b" stands twice',
        ),
        (
            "catalogue.json",
            b'{"oracle_catalog": {"unseen": ["x"]}, "TABLES": []}',
            "no catalogue of a database",
        ),
        (
            "schema.sql",
            b"CREATE TABLE t (n NUMBER(" + b"9" * 5_000 + b"));",
            "more than 100 digits",
        ),
        ("deploy.yaml", (POD + BOMB).encode(), "aliases stand for more than"),
        ("deploy.yaml", b"apiVersion: v1\nkind: Pod\nkind: Job\n", "stands twice"),
        ("deploy.yaml", b"apiVersion: v1\nkind: Pod\n\tname: x\n", "not YAML"),
        ("deploy.yaml", b"apiVersion: v1\nkind: \xff\n", "not UTF-8"),
        ("deploy.yaml", b"apiVersion: v1\nkind: " + b"[" * 100_000, "deeper than"),
        ("deploy.yaml", b"# kind apiVersion\n", "nothing in it"),
        ("notes.txt", b"hello\n", "neither a Terraform plan"),
        ("empty.json", b"", "there is nothing in it"),
        ("rule.rego", RULE.encode(), "name it with -r"),
    ],
)
def test_files_that_cannot_be_checked(
    tmp_path: Path, name: str, data: bytes, message: str
) -> None:
    (tmp_path / name).write_bytes(data)
    (tmp_path / "r.rego").write_text(RULE)
    said = refused(tmp_path, "check", name, "-r", "r.rego")
    assert message in said
    assert name in said


def test_one_bad_file_does_not_hide_the_others(tmp_path: Path) -> None:
    (tmp_path / "bad.yaml").write_text("apiVersion: v1\nkind: [\n")
    (tmp_path / "good.yaml").write_text(POD)
    said = refused(tmp_path, "check", "--pack", "kubernetes/baseline")
    assert "required-labels" in said
    assert "bad.yaml" in said


@pytest.mark.skipif(os.geteuid() != 0, reason="needs root, to be somebody else")
def test_a_folder_that_may_not_be_read(tmp_path: Path) -> None:
    (tmp_path / "locked").mkdir()
    (tmp_path / "locked/a.yaml").write_text(POD)
    (tmp_path / "a.yaml").write_text(POD)
    (tmp_path / "locked").chmod(0)
    script = (
        "import os, sys\n"
        f"sys.path.insert(0, {str(ROOT / 'engine')!r})\n"
        "from comply.cli.main import run\n"
        # What is imported later may not be readable for nobody, so the first run has
        # to find no compiled rules.
        "import traceback\n"
        f"os.environ['COMPLY_CACHE_DIR'] = {str(tmp_path / 'cache')!r}\n"
        "run(['check', 'a.yaml', '--pack', 'kubernetes/baseline'])\n"
        "os.setgid(65534); os.setuid(65534)\n"
        "status = run(['check', '.', '--pack', 'kubernetes/baseline'])\n"
        # Nobody may not write what the measuring of coverage writes at the end.
        "sys.stdout.flush(); sys.stderr.flush(); os._exit(status)\n"
    )
    for folder in (tmp_path, *tmp_path.parents[:3]):
        folder.chmod(0o755)
    done = subprocess.run(
        [sys.executable, "-c", script],
        cwd=tmp_path,
        capture_output=True,
        check=False,
        timeout=60,
    )
    said = (done.stdout + done.stderr).decode()
    assert done.returncode == 2, said
    assert "locked: no permission to read it" in said
    assert "Traceback" not in said


@pytest.mark.parametrize(
    ("rule", "message"),
    [
        ("package r\ndeny contains x if {\n", "rego_parse_error"),
        (
            'package r\nimport rego.v1\ndeny contains "x" if y\n',
            "rego_unsafe_var_error",
        ),
    ],
)
def test_rules_that_do_not_compile(tmp_path: Path, rule: str, message: str) -> None:
    (tmp_path / "a.yaml").write_text(POD)
    (tmp_path / "r.rego").write_text(rule)
    said = refused(tmp_path, "check", "a.yaml", "-r", "r.rego")
    assert message in said
    assert "r.rego" in said


def test_an_empty_folder_of_rules(tmp_path: Path) -> None:
    (tmp_path / "a.yaml").write_text(POD)
    (tmp_path / "policy").mkdir()
    assert "policy" in refused(tmp_path, "check", "a.yaml", "-r", "policy")


def test_an_assertion_on_an_unknown_table(tmp_path: Path) -> None:
    (tmp_path / "s.sql").write_text("CREATE TABLE tickets (id NUMBER PRIMARY KEY);\n")
    (tmp_path / "a.sql").write_text(
        "CREATE ASSERTION a CHECK (NOT EXISTS (SELECT 1 FROM tickts));\n"
    )
    said = refused(tmp_path, "check", "s.sql", "a.sql")
    assert "ORA-00942" in said
    assert "TICKTS" in said
    assert "did you mean TICKETS?" in said


def test_a_rule_that_fails_while_it_runs(tmp_path: Path) -> None:
    (tmp_path / "a.yaml").write_text(POD)
    (tmp_path / "r.rego").write_text(
        "package r\nimport rego.v1\nx := 1 if input.kind\nx := 2 if input.kind\n"
        'deny contains "x" if x == 3\n'
    )
    assert "eval_conflict_error" in refused(tmp_path, "check", "a.yaml", "-r", "r.rego")


def test_rules_about_something_else(tmp_path: Path) -> None:
    (tmp_path / "a.yaml").write_text(POD)
    said = refused(tmp_path, "check", "a.yaml", "--pack", "terraform/baseline")
    assert "No rule is about any of these documents" in said


def test_nothing_to_check(tmp_path: Path) -> None:
    assert "nothing to check" in refused(tmp_path, "check")
    (tmp_path / "values.yaml").write_text("a: 1\n")
    assert "1 file of no kind" in refused(tmp_path, "check", ".")


def test_an_absent_path(tmp_path: Path) -> None:
    assert "absent.json: no such file" in refused(tmp_path, "check", "absent.json")


def test_a_closed_pipe_is_no_traceback(tmp_path: Path) -> None:
    for i in range(300):
        (tmp_path / f"{i}.yaml").write_text(POD)
    command = (
        f"{sys.executable} -m comply.cli.main check . --pack kubernetes/baseline"
        " | head -1"
    )
    done = subprocess.run(
        ["/bin/sh", "-c", command],
        cwd=tmp_path,
        env={**os.environ, "PYTHONPATH": str(ROOT / "engine")},
        capture_output=True,
        check=False,
        timeout=60,
    )
    assert done.stdout
    assert done.stderr == b""


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="there is no full device")
def test_a_full_disk_is_no_traceback(tmp_path: Path) -> None:
    (tmp_path / "a.yaml").write_text(POD)
    command = [sys.executable, "-m", "comply.cli.main", "check", "a.yaml"]
    with Path("/dev/full").open("w") as full:
        done = subprocess.run(
            command,
            cwd=tmp_path,
            stdout=full,
            stderr=subprocess.PIPE,
            text=True,
            check=False,
        )
    assert done.returncode == 2
    assert done.stderr == (
        "error: the output cannot be written: No space left on device\n"
    )


def test_a_name_that_no_system_takes(tmp_path: Path) -> None:
    (tmp_path / "a.yaml").write_text(POD)
    for arguments in (["x" * 5_000], ["a.yaml", "--baseline", "x" * 300]):
        said = refused(tmp_path, "check", *arguments, "--pack", "kubernetes/baseline")
        assert "xxx" in said
        assert "File name too long" in said
        assert len(said) < 1_000


def test_statements_that_nest_for_ever(tmp_path: Path) -> None:
    (tmp_path / "a.yaml").write_text(POD)
    condition = "(" * 20_000 + "1 = 1" + ")" * 20_000
    (tmp_path / "r.sql").write_text(f"CREATE ASSERTION a CHECK ({condition});\n")
    assert "nests too deeply" in refused(tmp_path, "check", "a.yaml", "-r", "r.sql")
    script = "CREATE TABLE t (id NUMBER);\nDELETE FROM t WHERE (1 = 1);\n"
    (tmp_path / "s.sql").write_text(script.replace("(1 = 1)", condition))
    assert "nests too deeply" in refused(tmp_path, "check", "s.sql")
    # Read without a call for each level, but not walked so.
    listed = " OR ".join(f"image = '{number}'" for number in range(2_000))
    query = "NOT EXISTS (SELECT 1 FROM kubernetes.containers WHERE 1 = 1)"
    assertion = f"CREATE ASSERTION a CHECK ({query.replace('1 = 1', listed)});\n"
    (tmp_path / "r.sql").write_text(assertion)
    said = refused(tmp_path, "check", "a.yaml", "-r", "r.sql")
    assert "error  The rule compiles  1:39" in said
    assert "nests too deeply" in said


def test_an_interrupt_is_no_traceback(tmp_path: Path) -> None:
    with subprocess.Popen(
        [sys.executable, "-m", "comply.cli.main", "check", "-"],
        cwd=tmp_path,
        env={**os.environ, "PYTHONPATH": str(ROOT / "engine")},
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
    ) as process:
        time.sleep(1.5)
        process.send_signal(signal.SIGINT)
        _, err = process.communicate(timeout=30)
    assert process.returncode == 130
    assert err.strip() == b"interrupted"
