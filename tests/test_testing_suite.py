"""Trees of policies tested as their authors have them."""

import sys
from pathlib import Path

import pytest
from tests.policy_tree import PASSING, POLICY, TESTS, spacelift_tree, write

from comply.testing.files import find_files
from comply.testing.results import Outcome, Report, Result
from comply.testing.suite import Options, run_suite


def run(root: Path, options: Options | None = None) -> Report:
    return run_suite(find_files([root]), options or Options(jobs=1))


def outcomes(report: Report) -> dict[str, str]:
    return {r.name: str(r.outcome) for r in report.results}


def one(report: Report, name: str) -> Result:
    [result] = [r for r in report.results if r.name == name]
    return result


def test_every_way_for_a_test_to_end(tmp_path: Path) -> None:
    report = run(write(tmp_path, {"p.rego": POLICY, "p_test.rego": TESTS}))
    assert outcomes(report) == {
        "test_ok": "pass",
        "test_counts": "fail",
        "test_admin": "fail",
        "test_error": "error",
        "todo_test_later": "skip",
        "test_cases/one": "pass",
        "test_cases/two": "fail",
        "test_number": "fail",
    }
    assert not report.problems
    assert report.files == 2


def test_a_failure_tells_what_failed(tmp_path: Path) -> None:
    report = run(write(tmp_path, {"p.rego": POLICY, "p_test.rego": TESTS}))
    counts = one(report, "test_counts")
    [reason] = counts.reasons
    assert reason.text == "`count(result) == 1` is false"
    assert reason.values == (("count(result)", "0"), ("result", "set()"))
    [inner] = reason.because
    assert inner.text.startswith("`not r.change.after.tags.Owner` is false")
    assert counts.prints == ("deny is set()",)
    [admin] = one(report, "test_admin").reasons
    assert [b.text for b in admin.because] == ["`input.user.age > 18` is false"]
    [case] = one(report, "test_cases/two").reasons
    assert dict(case.values)["tc.b"] == "2"
    assert "a number: 3" in one(report, "test_number").message


def test_an_error_has_its_place(tmp_path: Path) -> None:
    report = run(write(tmp_path, {"p.rego": POLICY, "p_test.rego": TESTS}))
    error = one(report, "test_error")
    assert error.message.startswith("eval_conflict_error")
    assert error.place is not None
    assert error.place.line.startswith("f(x) := 2")


def test_only_chosen_tests_run(tmp_path: Path) -> None:
    root = write(tmp_path, {"p.rego": POLICY, "p_test.rego": TESTS})
    report = run(root, Options(jobs=1, chosen=lambda n: n == "data.p_test.test_ok"))
    assert outcomes(report) == {"test_ok": "pass"}


def test_a_name_that_stands_twice_is_two_tests(tmp_path: Path) -> None:
    text = "package a\ntest_x { true } { false }\ntest_x = true { false } else = true\n"
    report = run(write(tmp_path, {"a.rego": text}))
    assert outcomes(report) == {
        "test_x": "pass",
        "test_x#01": "fail",
        "test_x#02": "pass",
    }


def test_what_is_not_true_fails_as_in_opa(tmp_path: Path) -> None:
    text = """package a
import rego.v1
test_set contains 1
test_partial["x"] := 1
default test_default := false
test_default if true
test_false := false
test_function(x) := x
"""
    report = run(write(tmp_path, {"a.rego": text}))
    assert outcomes(report) == {
        "test_set": "fail",
        "test_partial": "fail",
        "test_default": "fail",
        "test_default#01": "pass",
        "test_false": "fail",
    }
    assert one(report, "test_false").message == "its value is false"


def test_cases_that_bind_late_and_nest(tmp_path: Path) -> None:
    text = """package a
import rego.v1
test_two[name][size] if {
	some tc in [{"name": "x", "size": 1}, {"name": "y", "size": 2}]
	name := tc.name
	size := tc.size
	size < 2
}
test_none[name] if {
	some name in input.names
}
"""
    report = run(write(tmp_path, {"a.rego": text}))
    found = outcomes(report)
    assert found["test_two/x/1"] == "pass"
    assert found["test_two/y/2"] == "fail"
    assert found["test_none"] == "pass"
    [reason] = one(report, "test_two/y/2").reasons
    assert reason.values == (("size", "2"),)


def test_cases_that_cannot_be_listed_are_one_test(tmp_path: Path) -> None:
    text = """package a
import rego.v1
test_x[name] if {
	some other
	name = other
	other = ["a", "b"][_]
	startswith(name, "a")
}
"""
    report = run(write(tmp_path, {"a.rego": text}))
    assert outcomes(report) == {"test_x": "fail"}
    assert "an object" in one(report, "test_x").message


def test_data_stands_at_its_folder(tmp_path: Path) -> None:
    text = """package a
import rego.v1
test_folder if data.lists.names == ["x"]
test_root if data.limit == 3
test_yaml if data.lists.deep.yes_
"""
    files = {
        "a.rego": text,
        "lists/names.json": '{"names": ["x"]}',
        "root.json": '{"limit": 3}',
        "lists/deep/any.yaml": "yes_: true\n",
        "broken/nobody-reads.json": "{",
    }
    assert set(outcomes(run(write(tmp_path, files))).values()) == {"pass"}


def test_data_that_two_files_give_is_an_error(tmp_path: Path) -> None:
    files = {
        "a.rego": "package a\nimport rego.v1\ntest_x if data.n.v == 1\n",
        "n/a.json": '{"v": 1}',
        "n/b.json": '{"v": 2}',
    }
    [problem] = run(write(tmp_path, files)).problems
    assert "data.n.v is given by" in problem.message


def test_of_several_yaml_documents_the_first_counts(tmp_path: Path) -> None:
    files = {
        "a.rego": "package a\nimport rego.v1\ntest_x if data.n.v == 1\n",
        "n/a.yaml": "v: 1\n---\nv: 2\n",
        "n/empty.yml": "",
    }
    assert outcomes(run(write(tmp_path, files))) == {"test_x": "pass"}


def test_data_at_the_root_is_an_object(tmp_path: Path) -> None:
    files = {"a.rego": "package a\nimport rego.v1\ntest_x if data.n\n", "a.json": "[]"}
    [problem] = run(write(tmp_path, files)).problems
    assert "data is an object" in problem.message


def test_all_data_is_read_where_any_may_be(tmp_path: Path) -> None:
    text = """package a
import rego.v1
test_any if { some name; data.n[name] == 1 }
test_with if count(data.n) == 2 with data.n.w as 2
"""
    root = write(tmp_path, {"a.rego": text, "n/a.json": '{"v": 1}'})
    report = run(root)
    assert outcomes(report) == {"test_any": "pass", "test_with": "pass"}
    again = run_suite(find_files([root, root / "a.rego"]), Options(jobs=1))
    assert len(again.results) == 2


def test_files_in_no_encoding(tmp_path: Path) -> None:
    (tmp_path / "a.rego").write_bytes(b"package a\xff")
    [problem] = run(tmp_path).problems
    assert "UTF-8" in problem.message


@pytest.mark.parametrize("jobs", [1, 2])
def test_policies_of_one_package_are_tested_one_by_one(
    tmp_path: Path, jobs: int
) -> None:
    report = run(spacelift_tree(tmp_path, 120), Options(jobs=jobs))
    assert len(report.results) == 240
    assert {r.outcome for r in report.results} == {Outcome.PASS}
    assert not report.problems


def test_a_test_without_a_partner_is_about_what_no_other_tests(tmp_path: Path) -> None:
    root = spacelift_tree(tmp_path, 2)
    policy = 'package spacelift\ntrack { input.push.branch == "main" }\n'
    test = 'package spacelift\ntest_t { track with input as {"push": {"branch": "main"}} }\n'
    write(root, {"plan/track.rego": policy, "plan/branches_test.rego": test})
    report = run(root)
    assert one(report, "test_t").outcome is Outcome.PASS


def test_tests_in_a_folder_of_their_own(tmp_path: Path) -> None:
    root = spacelift_tree(tmp_path, 3)
    for path in (root / "plan").glob("*_test.rego"):
        write(root, {f"plan/tests/{path.name}": path.read_text()})
        path.unlink()
    # A policy of the same name that is farther away.
    other = 'package spacelift\ndeny["another"] { true }\n'
    write(root, {"approval/policy-1.rego": other})
    assert [str(r.outcome) for r in run(root).results] == ["pass"] * 6


def test_files_of_the_package_that_are_no_policies_come_along(tmp_path: Path) -> None:
    root = spacelift_tree(tmp_path, 2)
    policy = "package spacelift\ndeny[m] { m := message(helper) }\n"
    names = 'package spacelift\nhelper = "h"\nmessage(x) = concat("", [prefix, x])\n'
    prefix = 'package spacelift\nprefix = "p"\n'
    test = 'package spacelift\ntest_h { deny["ph"] }\n'
    files = {"plan/x.rego": policy, "plan/x_test.rego": test}
    write(root, {**files, "plan/names.rego": names, "plan/prefix.rego": prefix})
    report = run(root)
    assert one(report, "test_h").outcome is Outcome.PASS
    assert not report.problems


def test_what_spacelift_defines_is_there(tmp_path: Path) -> None:
    policy = """package spacelift
deny[r.address] {
	r := created_resources[_]
	r.change.after.engine == sanitized("mysql")
}
"""
    test = """package spacelift
test_engine {
	deny["a"] with input as {"terraform": {"resource_changes": [
		{"address": "a", "change": {"actions": ["create"], "after": {"engine": "eae35047"}}},
	]}}
}
"""
    root = write(tmp_path, {"engine.rego": policy, "engine_test.rego": test})
    report = run(root, Options(jobs=1, coverage=True))
    assert outcomes(report) == {"test_engine": "pass"}
    assert report.coverage is not None
    assert [use.file for use in report.coverage] == [str(root / "engine.rego")]


def test_libraries_of_other_packages_are_compiled_in(tmp_path: Path) -> None:
    files = {
        "lib/text.rego": "package lib.text\nshout(x) = upper(x)\n",
        "plan/a.rego": 'package spacelift\nimport data.lib.text\ndeny[m] { m := text.shout("x") }\n',
        "plan/a_test.rego": 'package spacelift\ntest_x { deny["X"] }\n',
    }
    assert outcomes(run(write(tmp_path, files))) == {"test_x": "pass"}


def test_conflicting_policies_are_tested_in_pairs(tmp_path: Path) -> None:
    files = {
        f"{n}.rego": f"package main\nimport rego.v1\ndefault allow := false\nallow if input.x == {n}\n"
        for n in (1, 2)
    }
    for n in (1, 2):
        text = f'package main\nimport rego.v1\ntest_{n} if allow with input as {{"x": {n}}}\n'
        files[f"{n}_test.rego"] = text
    root = write(tmp_path, files)
    report = run(root)
    assert outcomes(report) == {"test_1": "pass", "test_2": "pass"}
    assert any("package main" in notice for notice in report.notices)
    [problem] = run(root, Options(jobs=1, alone=False)).problems
    assert "multiple default rules" in problem.message


def test_tests_that_fail_only_together_are_tried_in_pairs(tmp_path: Path) -> None:
    files = {}
    for n in (1, 2):
        files[f"{n}.rego"] = f'package main\nimport rego.v1\ndeny contains "{n}"\n'
        files[f"{n}_test.rego"] = (
            f"package main_test\nimport rego.v1\nimport data.main\n"
            f"test_{n} if count(main.deny) == 1\ntest_bad_{n} if count(main.deny) == 7\n"
        )
    root = write(tmp_path, files)
    wanted = {
        "test_1": "pass",
        "test_bad_1": "fail",
        "test_2": "pass",
        "test_bad_2": "fail",
    }
    report = run(root)
    assert outcomes(report) == wanted
    assert len(report.notices) == 1
    together = outcomes(run(root, Options(jobs=1, alone=False)))
    assert together == dict.fromkeys(wanted, "fail")
    assert outcomes(run(root, Options(jobs=1, alone=True))) == wanted


def test_a_file_that_does_not_parse_is_a_problem(tmp_path: Path) -> None:
    root = spacelift_tree(tmp_path, 2)
    write(root, {"plan/bad.rego": "package spacelift\ndeny[ {\n"})
    report = run(root)
    assert {r.outcome for r in report.results} == {Outcome.PASS}
    assert {p.code for p in report.problems} == {"rego_parse_error"}
    assert "bad.rego" in report.problems[0].render()


def test_files_that_do_not_compile_together(tmp_path: Path) -> None:
    files = {"p.rego": POLICY, "p_test.rego": PASSING + "\ntest_y if nope(1)\n"}
    [problem] = run(write(tmp_path, files)).problems
    assert problem.message == "undefined function nope"


@pytest.mark.skipif(
    sys.gettrace() is not None, reason="nothing is stopped under a tracer"
)
def test_a_test_that_takes_too_long_is_stopped(tmp_path: Path) -> None:
    text = """package a
import rego.v1
xs := numbers.range(1, 3000)
test_slow if count([1 | some x in xs; some y in xs; x == y + 7000]) == 0
test_quick if true
"""
    report = run(write(tmp_path, {"a.rego": text}), Options(jobs=1, timeout=0.2))
    assert outcomes(report) == {"test_slow": "error", "test_quick": "pass"}
    assert "stopped after 0.2 s" in one(report, "test_slow").message


@pytest.mark.skipif(
    sys.gettrace() is not None,
    reason="a forked process crashes in the tracer that measures coverage",
)
def test_other_processes_help_with_slow_tests(tmp_path: Path) -> None:
    slow = "test_{n} if count([1 | some x in xs; some y in xs; x == y + 7000]) == {w}\n"
    text = "package a\nimport rego.v1\nxs := numbers.range(1, 400)\n"
    text += "".join(slow.format(n=n, w=int(n == 29)) for n in range(30))
    root = write(tmp_path, {"a.rego": text})
    report = run(root, Options(jobs=3, timeout=0, coverage=True))
    found = [str(r.outcome) for r in report.results]
    assert found == ["pass"] * 29 + ["fail"]
    assert report.coverage == ()


def test_paths_that_are_not_there(tmp_path: Path) -> None:
    report = run(tmp_path / "nowhere")
    assert "no such file" in report.problems[0].message


def test_links_out_of_the_tree_are_named(tmp_path: Path) -> None:
    outside = write(tmp_path / "outside", {"a.rego": "package a\n"})
    inside = write(tmp_path / "inside", {"b.rego": "package b\ntest_b { true }\n"})
    (inside / "link").symlink_to(outside)
    report = run(inside)
    assert outcomes(report) == {"test_b": "pass"}
    assert "link" in report.notices[0]


def test_many_lines_are_cut(tmp_path: Path) -> None:
    text = """package a
import rego.v1
test_p if {
	some x in numbers.range(1, 500)
	print(x)
	x > 1000
}
"""
    [result] = run(write(tmp_path, {"a.rego": text})).results
    assert len(result.prints) == 201
    assert result.prints[-1] == "... and 300 more lines"
