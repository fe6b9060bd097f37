"""What is fuzzed: the files that a command reads, and the command that reads them.

Every kind of `comply.load.LOADERS` has a target, and so has everything else that is read
from a project: rules in both languages, settings, a baseline, a cache.
"""

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

from scripts.fuzz.policies import Make, bundle, making, policies, written

ROOT: Final = Path(__file__).parents[2]
_FIXTURES: Final = ROOT / "fixtures"
_RULES: Final = ROOT / "rules"
_POD: Final = (
    "apiVersion: v1\nkind: Pod\nmetadata: {name: a}\n"
    "spec: {containers: [{name: c, image: i, securityContext: {privileged: true}}]}\n"
)
_VARIABLES: Final = """
variable "a" {}
variable "b" { default = [1] }
variable "names" { default = {} }
resource "aws_db_instance" "x" {
  for_each            = var.names
  publicly_accessible = each.value == var.a
  tags                = { Name = "${each.key}-${var.b[0]}" }
}
"""
_WALKER: Final = """package walker

import rego.v1

deny contains sprintf("%v is %v", [path, value]) if {
	walk(input, [path, value])
	is_number(value)
	value < 0
}
"""
_LATEST: Final = """
CREATE ASSERTION no_latest CHECK (
  NOT EXISTS (SELECT 1 FROM kubernetes.containers WHERE image LIKE '%:latest')
);
"""
_POD_RULES: Final = ("--pack", "kubernetes/baseline")
_EVALUATED: Final = ("-r", "policy", "--no-cache", "--timeout", "1")


@dataclass(frozen=True, slots=True)
class Target:
    """A file that is fuzzed, what lies beside it, and the command that reads it.

    `seeds` gives the texts to start from; `shaped` tells that they are JSON or YAML;
    `weight` is the target's share of all inputs, in percent. `kind` is the kind of
    `LOADERS` that a session loads the file as; without one only commands read it. `make`
    makes an input of several files, of seeds that are such.
    """

    file: str
    seeds: Callable[[], tuple[bytes, ...]]
    arguments: tuple[str, ...]
    weight: int
    shaped: bool = False
    beside: Mapping[str, str] = field(default_factory=dict)
    kind: str = ""
    make: Make | None = None


def _read(*patterns: tuple[Path, str]) -> tuple[bytes, ...]:
    """Return the files that patterns below folders fit, those of seeds in their order."""
    files = [p for root, pattern in patterns for p in sorted(root.glob(pattern))]
    return tuple(path.read_bytes() for path in files)


def _plans() -> tuple[bytes, ...]:
    return _read(
        (_RULES, "terraform/*/*/*/*.json"),
        (_FIXTURES, "demo/plan.json"),
        (_FIXTURES, "load/terraform/*.json"),
    )


def _terraform() -> tuple[bytes, ...]:
    ignored = b'# comply:ignore * reason="known" until=2030-01-01\n'
    found = _read((_FIXTURES, "load/terraform_source/**/*.tf"))
    return (*found, ignored + found[0], _VARIABLES.encode())


def _terraform_json() -> tuple[bytes, ...]:
    return _read((_FIXTURES, "load/terraform_source/**/*.tf.json"))


def _values() -> tuple[bytes, ...]:
    return (
        *_read((_FIXTURES, "load/terraform_source/**/*.tfvars")),
        b'a = true\nb = [2]\nnames = { "one" = true, two = "x" }\n',
    )


def _manifests() -> tuple[bytes, ...]:
    ignored = '# comply:ignore * reason="known"\n' + _POD
    found = _read(
        (_RULES, "kubernetes/*/*/*/*.yaml"),
        (_FIXTURES, "demo/deploy/*.yaml"),
        (_FIXTURES, "load/kubernetes/*.yaml"),
    )
    return (*found, ignored.encode())


def _manifests_json() -> tuple[bytes, ...]:
    pod = {
        "apiVersion": "v1",
        "kind": "Pod",
        "metadata": {
            "name": "a",
            "annotations": {"comply.dev/ignore": '* reason="known" until=2030-01-01'},
        },
        "spec": {"containers": [{"name": "c", "image": "i:1", "resources": {}}]},
    }
    listed = {"apiVersion": "v1", "kind": "List", "items": [pod, pod | {"kind": "Job"}]}
    return (json.dumps(pod).encode(), json.dumps(listed, indent=1).encode())


def _schemas() -> tuple[bytes, ...]:
    """Return scripts that only define: what they enforce costs a database each time."""
    found = _read(
        (_RULES, "oracle/*/*/*/*.sql"),
        (_FIXTURES, "demo/*.sql"),
        (_FIXTURES, "load/oracle/*.sql"),
        (_FIXTURES, "sql/emit/schema.sql"),
    )
    costly = (b"CREATE ASSERTION", b"INSERT")
    return tuple(text for text in found if not any(word in text for word in costly))


def _scripts() -> tuple[bytes, ...]:
    return _read((_FIXTURES, "**/*.sql"), (_RULES, "oracle/*/*/*/*.sql"))


def _catalogues() -> tuple[bytes, ...]:
    return _read((_RULES, "oracle/catalogue/*/*/*.json"))


def _rego() -> tuple[bytes, ...]:
    texts = [
        json.loads(line).get("text", "").encode()
        for path in sorted((_FIXTURES / "rego/answers").glob("*.jsonl"))
        for line in path.read_text("utf-8").splitlines()
    ]
    files = _read((_RULES, "**/*.rego"), (_FIXTURES, "**/*.rego"))
    return (*files, *filter(None, texts))


def _rules_for(world: str, word: bytes) -> tuple[bytes, ...]:
    """Return the policies of a world, and those of the tests of checks with a word of it."""
    tests = _read((_FIXTURES, "check/**/*.rego"))
    found = _read((_RULES, f"{world}/*/*/*.rego"))
    own = [text for text in found if b"_test\n" not in text]
    return (*own, *(text for text in tests if word in text))


def _on_plans() -> tuple[bytes, ...]:
    return policies("plan.json", _rules_for("terraform", b"resource_changes"), _plans())


def _on_manifests() -> tuple[bytes, ...]:
    return policies(
        "pod.json", _rules_for("kubernetes", b"metadata"), _manifests_json()
    )


def _on_data() -> tuple[bytes, ...]:
    """Return the policies whose answers the tests know, with their input."""
    lines = [
        json.loads(line)
        for path in sorted((_FIXTURES / "rego/answers").glob("*.jsonl"))
        for line in path.read_text("utf-8").splitlines()
    ]
    found = []
    for line in lines:
        if "answer" in line:
            value = line.get("input", {"a": 1})
            found.append(written(bundle(line["text"], "data.json", value, value)))
    return tuple(found)


def _assertions() -> tuple[bytes, ...]:
    found = _read(
        (_FIXTURES, "demo/policy/*.sql"), (_FIXTURES, "sql/emit/assertions.sql")
    )
    return (*found, _LATEST.encode())


def _data() -> tuple[bytes, ...]:
    return (
        *_plans()[:3],
        b'{"a": [1, -2.5, {"b": null, "c": "x"}], "d": {"e": true, "f": 1e3}}',
    )


def _yaml() -> tuple[bytes, ...]:
    return (
        *_manifests(),
        b"a: &x {b: 1, c: [-1, 2.5, .inf]}\nd: *x\ne: {<<: *x, f: 2026-01-01}\n",
        b"text: |\n  one\n  two\nfolded: >-\n  x\n'quoted': \"\\u00e9\"\n? k\n: v\n",
    )


def _settings() -> tuple[bytes, ...]:
    return (
        b"""paths: [plan.json, deploy/]
exclude: ["**/testdata"]
packs: [terraform/baseline, kubernetes/baseline]
rules: [policy/]
severities:
  kubernetes/baseline/*: critical
parameters:
  terraform/baseline/required-tags: {keys: [Team, CostCentre]}
fail_on: medium
undetermined: warn
baseline: known.json
formats: [text]
""",
        b"""exceptions:
  - rule: kubernetes/baseline/no-privileged-containers
    fact: v1/Pod/*
    path: "**/a.yaml"
    reason: known
    owner: web
    until: 2027-06-30
""",
    )


def _baselines() -> tuple[bytes, ...]:
    return (
        b'{"schema_version": 1, "findings": []}\n',
        b"""{"schema_version": 1, "findings": [
  {"rule": "kubernetes/baseline/no-privileged-containers", "fact": "v1/Pod//a"},
  {"rule": "kubernetes/baseline/required-labels", "fact": "v1/Pod//a",
   "message": "0123456789abcdef", "file": "a.yaml", "count": 2}
 ]}
""",
    )


def _no_seeds() -> tuple[bytes, ...]:
    """Return nothing: what a cache holds is made by a run."""
    return ()


TARGETS: Final[Mapping[str, Target]] = {
    "Terraform plan": Target(
        "plan.json", _plans, (), 10, shaped=True, kind="terraform_plan"
    ),
    "Terraform source": Target("main.tf", _terraform, (), 10, kind="terraform_source"),
    "Terraform source as JSON": Target(
        "main.tf.json", _terraform_json, (), 5, shaped=True, kind="terraform_source"
    ),
    "Terraform variables": Target(
        "terraform.tfvars",
        _values,
        (),
        8,
        beside={"main.tf": _VARIABLES},
        kind="terraform_source",
    ),
    "Kubernetes YAML": Target(
        "a.yaml", _manifests, (), 10, shaped=True, kind="kubernetes"
    ),
    "Kubernetes JSON": Target(
        "a.json", _manifests_json, (), 6, shaped=True, kind="kubernetes"
    ),
    "Oracle schema": Target("a.sql", _schemas, (), 8, kind="oracle_ddl"),
    "Oracle script": Target("a.sql", _scripts, (), 1),
    "Oracle catalogue": Target(
        "a.json", _catalogues, (), 6, shaped=True, kind="oracle_catalog"
    ),
    "JSON": Target(
        "a.json",
        _data,
        ("--kind", "json", "-r", "walker.rego"),
        5,
        shaped=True,
        beside={"walker.rego": _WALKER},
        kind="json",
    ),
    "YAML": Target(
        "a.yaml",
        _yaml,
        ("--kind", "yaml", "-r", "walker.rego"),
        5,
        shaped=True,
        beside={"walker.rego": _WALKER},
        kind="yaml",
    ),
    "Rego rules": Target("r.rego", _rego, ("-r", "r.rego"), 4, beside={"a.yaml": _POD}),
    "Rego on plans": Target(
        "plan.json", _on_plans, _EVALUATED, 4, make=making("plan.json")
    ),
    "Rego on manifests": Target(
        "pod.json", _on_manifests, _EVALUATED, 2, make=making("pod.json")
    ),
    "Rego on data": Target(
        "data.json",
        _on_data,
        (*_EVALUATED, "--kind", "json"),
        2,
        make=making("data.json"),
    ),
    "SQL assertions": Target(
        "r.sql", _assertions, ("-r", "r.sql"), 2, beside={"a.yaml": _POD}
    ),
    # The command line names what the settings could, since they could name any file.
    "comply.yaml": Target(
        "comply.yaml", _settings, _POD_RULES, 8, shaped=True, beside={"a.yaml": _POD}
    ),
    "baseline": Target(
        "known.json",
        _baselines,
        (*_POD_RULES, "--baseline", "known.json"),
        2,
        shaped=True,
        beside={"a.yaml": _POD},
    ),
    "cache": Target("cache", _no_seeds, _POD_RULES, 2, beside={"a.yaml": _POD}),
}


def checked_file(target: Target) -> str:
    """Return the file that the command names: the fuzzed one, or what lies beside it."""
    if target.make is not None:
        return target.file
    beside = [name for name in target.beside if not name.endswith(".rego")]
    return beside[0] if beside else target.file


def target_of(number: int) -> str:
    """Return the target of an input: of a hundred in a row each gets its share."""
    # 37 is coprime to 100, so that the targets of few inputs are mixed too.
    place = number * 37 % 100
    for name, target in TARGETS.items():
        place -= target.weight
        if place < 0:
            return name
    raise ValueError(f"the weights of targets are {100 - place} of 100")
