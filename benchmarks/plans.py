"""Synthetic Terraform plans.

The shapes are those of real plans (sizes, actions, nesting, keys with dots and quotes,
values known only after apply); the names and values are made up.
"""

import json
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from random import Random
from typing import Any, TypeAlias

Json: TypeAlias = dict[str, Any]

AWS = "registry.terraform.io/hashicorp/aws"
TAGS = ("CostCentre", "Environment", "ManagedBy", "Organisation", "Owner", "Project")
FLAGS = (
    "block_public_acls",
    "block_public_policy",
    "ignore_public_acls",
    "restrict_public_buckets",
)
# Keys that break whoever splits an address on its dots or brackets.
KEYS: tuple[str | int | None, ...] = (None, 0, 1, "blue", "eu.west-1", 'k"q', "a[0].b")
MODULES = ("network", "storage", "service", "cluster", "queue", "cache")
DEEPEST = 6
HEAD: Json = {"format_version": "1.2", "terraform_version": "1.14.0", "variables": {}}
FAULTY = 0.05
ACTIONS: tuple[tuple[tuple[str, ...], int], ...] = (
    (("create",), 60),
    (("no-op",), 18),
    (("update",), 14),
    (("delete",), 4),
    (("delete", "create"), 3),
    (("create", "delete"), 1),
)


@dataclass(frozen=True, slots=True)
class Module:
    """A module instance: its calls from the root, each a name and an instance key."""

    calls: tuple[tuple[str, str | int | None], ...] = ()

    @property
    def address(self) -> str:
        return ".".join(f"module.{name}{subscript(key)}" for name, key in self.calls)


@dataclass(frozen=True, slots=True)
class Address:
    """Where a resource instance stands."""

    kind: str
    name: str
    module: Module = Module()
    index: str | int | None = None

    @property
    def text(self) -> str:
        local = f"{self.kind}.{self.name}{subscript(self.index)}"
        return f"{self.module.address}.{local}" if self.module.calls else local


def subscript(key: str | int | None) -> str:
    """Return an instance key as an address shows it.

    >>> subscript('k"q'), subscript(3), subscript(None)
    ('["k\\\\"q"]', '[3]', '')
    """
    return "" if key is None else f"[{json.dumps(key)}]"


def plan(resources: int, seed: int = 0) -> Json:
    """Return a plan of `resources` resource changes, sorted by address as Terraform does.

    One bucket in twenty lacks its own access block, one database in twenty is public,
    one resource in twenty lacks a tag. The configuration declares the buckets' blocks.
    """
    made = sorted(changes(resources, seed), key=lambda change: str(change["address"]))
    declared = [declaration_of(change) for change in made if is_declared(change)]
    return {**HEAD, "resource_changes": made, **tail(declared)}


def changes(resources: int, seed: int = 0) -> Iterator[Json]:
    """Yield the resource changes of a plan, in no order."""
    random = Random(seed)  # noqa: S311  (made-up data)
    modules = _modules(random, max(1, resources // 40))
    made = 0
    while made < resources:
        module = random.choice(modules)
        make = random.choices(_FAMILIES, weights=_WEIGHTS)[0]
        for change in make(random, module, made)[: resources - made]:
            made += 1
            yield change


Declared: TypeAlias = tuple[str, str, str]
"""What the configuration declares: the address of a change, its module, its name."""


def is_declared(change: Json) -> bool:
    """Tell whether the configuration declares the resource of a change."""
    return bool(change["type"] == _BLOCK)


def declaration_of(change: Json) -> Declared:
    """Return what leads to a declaration."""
    return change["address"], change.get("module_address", ""), change["name"]


def tail(declared: Iterable[Declared]) -> Json:
    """Return what follows the changes of a plan; `declared` is sorted."""
    return {
        "configuration": {
            "provider_config": {"aws": {"name": "aws", "full_name": AWS}},
            "root_module": _configuration(declared),
        },
        "applyable": True,
        "complete": True,
        "errored": False,
    }


def buckets_and_blocks(number: int) -> Json:
    """Return a plan of `number` buckets and, for all but the last, a block each.

    Every `bucket` is a known name, so a rule that looks for the block of each bucket has
    number * number pairs to look through, unless it looks them up.
    """
    changes: list[Json] = []
    for i in range(number):
        name = {"bucket": f"bucket-{i}"}
        changes.append(_change(Address("aws_s3_bucket", f"b{i}"), name))
        if i < number - 1:
            after = name | dict.fromkeys(FLAGS, True)
            changes.append(_change(Address(_BLOCK, f"b{i}"), after))
    return {
        "format_version": "1.2",
        "terraform_version": "1.14.0",
        "resource_changes": changes,
    }


def _modules(random: Random, number: int) -> list[Module]:
    """Return module instances, the root first, each below one of those before it."""
    found = [Module()]
    while len(found) < number:
        parent = random.choice(found)
        if len(parent.calls) < DEEPEST:
            call = (
                f"{random.choice(MODULES)}{random.randrange(8)}",
                random.choice(KEYS),
            )
            found.append(Module((*parent.calls, call)))
    return list(dict.fromkeys(found))


def _change(
    where: Address,
    values: Json,
    actions: tuple[str, ...] = ("create",),
    unknown: tuple[str, ...] = ("arn", "id"),
) -> Json:
    created = actions == ("create",)
    gone = actions == ("delete",)
    inside = {"module_address": where.module.address} if where.module.calls else {}
    indexed = {} if where.index is None else {"index": where.index}
    return {
        "address": where.text,
        **inside,
        "mode": "managed",
        "type": where.kind,
        "name": where.name,
        **indexed,
        "provider_name": AWS,
        "change": {
            "actions": list(actions),
            "before": None if created else dict(values),
            "after": None if gone else dict(values),
            "after_unknown": {} if gone else dict.fromkeys(unknown, True),
            "before_sensitive": False if created else {},
            "after_sensitive": False if gone else {},
        },
    }


def _actions(random: Random) -> tuple[str, ...]:
    return random.choices([a for a, _ in ACTIONS], weights=[w for _, w in ACTIONS])[0]


def _tags(random: Random) -> Json:
    tags = {tag: f"{tag.lower()}-{random.randrange(40)}" for tag in TAGS}
    if random.random() < FAULTY:
        del tags[random.choice(TAGS)]
    return {"tags": tags, "tags_all": tags | {"CreatedBy": "terraform"}}


def _bucket(random: Random, module: Module, number: int) -> list[Json]:
    """Return a bucket and, nineteen times in twenty, the block that belongs to it."""
    actions, name = _actions(random), f"data_{number}"
    known = actions != ("create",) or random.random() < 0.5
    bucket = {"bucket": f"acme-{name}"} if known else {}
    unknown = () if known else ("bucket",)
    values = bucket | {"force_destroy": False} | _tags(random)
    changes = [
        _change(
            Address("aws_s3_bucket", name, module),
            values,
            actions,
            ("arn", "id", *unknown),
        )
    ]
    if random.random() >= FAULTY:
        flags = dict.fromkeys(FLAGS, True)
        if random.random() < FAULTY:
            flags[random.choice(FLAGS)] = False
        after = bucket | flags
        changes.append(
            _change(Address(_BLOCK, name, module), after, actions, ("id", *unknown))
        )
    return changes


def _database(random: Random, module: Module, number: int) -> list[Json]:
    kind = random.choice(
        ("aws_db_instance", "aws_rds_cluster", "aws_rds_cluster_instance")
    )
    values = {
        "allocated_storage": random.choice((20, 100, 500)),
        "engine": random.choice(("postgres", "mysql", "oracle-se2")),
        "identifier": f"db-{number}",
        "instance_class": f"db.r6g.{random.choice(_SIZES)}",
        "publicly_accessible": random.random() < FAULTY,
        "storage_encrypted": True,
        "vpc_security_group_ids": [f"sg-{random.randrange(10**8):08}"],
    } | _tags(random)
    return [
        _change(
            Address(kind, f"db_{number}", module),
            values,
            _actions(random),
            ("address", "id"),
        )
    ]


def _machine(random: Random, module: Module, number: int) -> list[Json]:
    values = {
        "ami": f"ami-{random.randrange(10**8):08}",
        "ebs_block_device": [{"device_name": "/dev/sdf", "volume_size": 40}],
        "instance_type": f"m7g.{random.choice(_SIZES)}",
        "monitoring": True,
        "user_data": "#!/bin/sh\nexec /opt/service/start\n" * random.randrange(1, 8),
    } | _tags(random)
    return [
        _change(
            Address("aws_instance", f"vm_{number}", module, random.choice(KEYS)),
            values,
            _actions(random),
        )
    ]


def _role(random: Random, module: Module, number: int) -> list[Json]:
    statement = {
        "Effect": "Allow",
        "Action": [f"s3:{verb}" for verb in ("GetObject", "PutObject", "ListBucket")],
        "Resource": f"arn:aws:s3:::acme-data-{number}/*",
    }
    policy = json.dumps({"Version": "2012-10-17", "Statement": [statement] * 2})
    values = {"assume_role_policy": policy, "name": f"role-{number}"} | _tags(random)
    return [
        _change(
            Address("aws_iam_role", f"role_{number}", module), values, _actions(random)
        )
    ]


def _group(random: Random, module: Module, number: int) -> list[Json]:
    rule = {"from_port": 443, "to_port": 443, "protocol": "tcp", "self": False}
    ingress = [
        rule | {"cidr_blocks": [f"10.{random.randrange(256)}.0.0/16"]}
        for _ in range(random.randrange(1, 5))
    ]
    values = {"description": "", "ingress": ingress, "name": f"sg-{number}"}
    return [
        _change(
            Address("aws_security_group", f"sg_{number}", module),
            values | _tags(random),
            _actions(random),
        )
    ]


def _attachment(random: Random, module: Module, number: int) -> list[Json]:
    """Return a resource that takes no tags."""
    values = {"policy_arn": f"arn:aws:iam::aws:policy/p{number}", "role": f"r{number}"}
    kind = "aws_iam_role_policy_attachment"
    return [
        _change(
            Address(kind, f"at_{number}", module), values, _actions(random), ("id",)
        )
    ]


_SIZES = ("large", "xlarge", "2xlarge", "8xlarge")
_BLOCK = "aws_s3_bucket_public_access_block"
_FAMILIES: tuple[Callable[[Random, Module, int], list[Json]], ...] = (
    _bucket,
    _database,
    _machine,
    _role,
    _group,
    _attachment,
)
_WEIGHTS = (3, 2, 4, 3, 3, 3)


def _configuration(declared: Iterable[Declared]) -> Json:
    """Return the root module's configuration: the blocks, in the modules they stand in."""
    root: Json = {"resources": [], "module_calls": {}}
    for _, module, name in declared:
        where = root
        for call_name in _call_names(module):
            call = where.setdefault("module_calls", {}).setdefault(
                call_name, {"source": f"./{call_name}", "module": {"resources": []}}
            )
            where = call["module"]
        where["resources"].append(_declaration(name))
    return root


def _declaration(name: str) -> Json:
    references = [f"aws_s3_bucket.{name}.id", f"aws_s3_bucket.{name}"]
    return {
        "address": f"{_BLOCK}.{name}",
        "mode": "managed",
        "type": _BLOCK,
        "name": name,
        "provider_config_key": "aws",
        "expressions": {
            "bucket": {"references": references},
            **{flag: {"constant_value": True} for flag in FLAGS},
        },
        "schema_version": 0,
    }


def _call_names(address: str) -> Iterator[str]:
    """Yield the names of the calls in a module's address, whatever its keys hold.

    >>> list(_call_names('module.a["module.x"].module.b[0]'))
    ['a', 'b']
    """
    at = 0
    while address.startswith("module.", at):
        start = at = at + len("module.")
        while at < len(address) and address[at] not in ".[":
            at += 1
        yield address[start:at]
        if address[at : at + 1] == "[":
            _, at = json.JSONDecoder().raw_decode(address, at + 1)
            at += 1
        at += 1
