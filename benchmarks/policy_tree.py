"""A tree of policies as people publish them: python benchmarks/policy_tree.py FOLDER.

71 policies of Rego v0 and 59 files of tests, all of `package spacelift`, the tests of every
third in a package of their own. The templates are in policies_v0; each copy has a number
of its own in its names and texts.
"""

import sys
from pathlib import Path

TEMPLATES = Path(__file__).parent / "policies_v0"
NUMBER = "77"
KINDS = (
    # type, template, policies, of which tested
    ("access", "login", 6, 1),
    ("approval", "approval", 8, 8),
    ("login", "login", 6, 1),
    ("notification", "notification", 5, 5),
    ("plan", "plan", 27, 26),
    ("push", "push", 14, 13),
    ("trigger", "trigger", 5, 5),
)
RULES = (
    "admin", "affected", "allow", "approve", "deny", "flag", "ignore", "inbox",
    "longest", "paths", "propose", "reject", "sample", "slack", "track", "trigger",
    "warn", "webhook", "write",
)  # fmt: skip


def write_tree(target: Path) -> int:
    """Write the tree under a folder; return how many tests it has."""
    tests = 0
    for kind, template, policies, tested in KINDS:
        folder = target / kind
        folder.mkdir(parents=True, exist_ok=True)
        for number in range(1, policies + 1):
            name = f"{kind}-{number}"
            (folder / f"{name}.rego").write_text(_numbered(template, number))
            if number <= tested:
                text = _numbered(f"{template}_test", number)
                tests += text.count("\ntest_")
                apart = number % 3 == 1
                (folder / f"{name}_test.rego").write_text(
                    _apart(text) if apart else text
                )
    return tests


def _numbered(template: str, number: int) -> str:
    text = (TEMPLATES / f"{template}.rego").read_text()
    return text.replace(NUMBER, str(number))


def _apart(text: str) -> str:
    """Return tests moved to a package of their own."""
    text = text.replace(
        "package spacelift\n", "package spacelift_test\n\nimport data.spacelift\n", 1
    )
    lines = text.splitlines(keepends=True)
    return "".join(_qualified(line) for line in lines)


def _qualified(line: str) -> str:
    """Return a line with the names of the policy's rules behind its package."""
    for rule in RULES:
        for before in ("\t", "(", ":= ", "not ", "with ", "{ "):
            for after in (" ", "[", ")", "\n"):
                found = f"{before}{rule}{after}"
                line = line.replace(found, f"{before}spacelift.{rule}{after}")
    return line


if __name__ == "__main__":
    print(write_tree(Path(sys.argv[1])), "tests")
