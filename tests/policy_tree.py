"""Trees of policies and tests to try `comply test` on."""

from pathlib import Path

POLICY = """\
package p

import rego.v1

deny contains msg if {
	some r in input.resource_changes
	r.type == "aws_s3_bucket"
	not r.change.after.tags.Owner
	msg := sprintf("%s has no owner", [r.address])
}

never if input.never

allow if {
	input.user.role == "admin"
	input.user.age > 18
}
"""

TESTS = """\
package p_test

import rego.v1

import data.p

bucket(tags) := {"resource_changes": [{
	"address": "aws_s3_bucket.a",
	"type": "aws_s3_bucket",
	"change": {"after": {"tags": tags}},
}]}

test_ok if count(p.deny) == 1 with input as bucket({})

test_counts if {
	result := p.deny with input as bucket({"Owner": "x"})
	print("deny is", result)
	count(result) == 1
}

test_admin if p.allow with input as {"user": {"role": "admin", "age": 12}}

test_error if f(1) == 2

f(x) := 1 if x > 0

f(x) := 2 if x > 0

todo_test_later if false

test_cases[note] if {
	some note, tc in {"one": {"a": 1, "b": 1}, "two": {"a": 1, "b": 2}}
	tc.a == tc.b
}

test_number := 3
"""

PASSING = """\
package p_test

import rego.v1

test_ok if count(data.p.deny) == 0 with input as {"resource_changes": []}
"""

SPACELIFT = """\
package spacelift

limit := {limit}

deny[msg] {{
	count(input.terraform.resource_changes) > limit
	msg := "more than {limit}"
}}

sample {{ true }}
"""

SPACELIFT_TEST = """\
package {package}

{imports}

test_too_many {{
	{prefix}deny["more than {limit}"] with input as {{"terraform": {{"resource_changes": [1, 2, 3, 4]}}}}
}}

test_none {{
	count({prefix}deny) == 0 with input as {{"terraform": {{"resource_changes": []}}}}
}}
"""


def write(root: Path, files: dict[str, str]) -> Path:
    """Write files under a folder and return it."""
    for name, text in files.items():
        path = root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
    return root


def spacelift_tree(root: Path, count: int) -> Path:
    """Write policies of one package, each with its test, every other one apart."""
    files = {}
    for limit in range(1, count + 1):
        apart = limit % 2 == 0
        files[f"plan/policy-{limit}.rego"] = SPACELIFT.format(limit=limit % 3 + 1)
        files[f"plan/policy-{limit}_test.rego"] = SPACELIFT_TEST.format(
            limit=limit % 3 + 1,
            package="spacelift_test" if apart else "spacelift",
            imports="import data.spacelift" if apart else "",
            prefix="spacelift." if apart else "",
        )
    return write(root, files)
