"""TYPE -> CONTRACT: which rules Spacelift consults, of which kind, and what it gives them.

https://docs.spacelift.io/concepts/policy
"""

from typing import Final, Literal, TypeAlias

from comply.classes import dataclass

Kind: TypeAlias = Literal["boolean", "strings", "objects", "string", "roles"]

DISABLED: Final = frozenset(
    {"http.send", "opa.runtime", "rego.parse_module", "time.now_ns", "trace"}
)
"""Built-ins that Spacelift does not run: they would ask the world outside the input."""


@dataclass(frozen=True, slots=True)
class Contract:
    """What a type of policy may define; `rules` maps the name of a rule to its kind.

    `needs` are the top-level keys of the input, `gives` the aliases it comes with,
    `note` what there is to say about the type itself.
    """

    rules: dict[str, Kind]
    needs: tuple[str, ...]
    gives: tuple[str, ...] = ()
    note: str = ""


_FLAGS: Final[dict[str, Kind]] = {"flag": "strings", "reset_flag": "strings"}
_SAMPLE: Final[dict[str, Kind]] = {"sample": "boolean"}

CONTRACTS: Final[dict[str, Contract]] = {
    "plan": Contract(
        {"deny": "strings", "warn": "strings", **_FLAGS, **_SAMPLE},
        ("spacelift", "terraform"),
        (
            "affected_resources",
            "created_resources",
            "deleted_resources",
            "recreated_resources",
            "updated_resources",
        ),
    ),
    "approval": Contract(
        {"approve": "boolean", "reject": "boolean", **_FLAGS, **_SAMPLE},
        ("reviews", "run", "stack"),
    ),
    "access": Contract(
        {
            "read": "boolean",
            "write": "boolean",
            "deny": "boolean",
            "deny_write": "boolean",
            **_SAMPLE,
        },
        ("request", "session", "stack"),
        note="access policies are deprecated: spaces and login policies replace them",
    ),
    "login": Contract(
        {
            "allow": "boolean",
            "admin": "boolean",
            "deny": "boolean",
            "deny_admin": "boolean",
            "roles": "roles",
            "space_admin": "strings",
            "space_write": "strings",
            "space_read": "strings",
            "team": "strings",
            **_SAMPLE,
        },
        ("request", "session", "spaces"),
    ),
    "push": Contract(
        {
            "track": "boolean",
            "propose": "boolean",
            "ignore": "boolean",
            "ignore_track": "boolean",
            "notrigger": "boolean",
            "notify": "boolean",
            "fail": "boolean",
            "allow_fork": "boolean",
            "prioritize": "boolean",
            "cancel": "strings",
            "message": "strings",
            "external_dependency": "strings",
            "lock": "string",
            "unlock": "string",
            "module_version": "string",
            **_FLAGS,
            **_SAMPLE,
        },
        ("push",),
    ),
    "trigger": Contract(
        {"trigger": "strings", **_FLAGS, **_SAMPLE},
        ("run", "stacks"),
    ),
    "notification": Contract(
        {
            "inbox": "objects",
            "slack": "objects",
            "webhook": "objects",
            "pull_request": "objects",
            **_SAMPLE,
        },
        ("account",),
    ),
    "task": Contract(
        {"deny": "strings", **_SAMPLE},
        ("request", "session", "stack"),
        ("request", "session", "stack"),
        "task policies are deprecated: approval policies replace them",
    ),
    "initialization": Contract(
        {"deny": "strings", **_SAMPLE},
        ("commit", "request", "run", "stack"),
        ("commit", "run", "runtime_config", "stack"),
        "initialization policies are deprecated: approval policies replace them",
    ),
    "intent": Contract(
        {"deny": "strings", "allow": "strings", **_SAMPLE},
        ("resource",),
    ),
}

SPELLINGS: Final = {
    "git_push": "push",
    "terraform_plan": "plan",
    "stack_access": "access",
    "task_run": "task",
}
"""Names of types as the API and the Terraform provider have them."""

_CHANGED: Final = (
    "contains resource if {{\n"
    "\tsome resource in input.terraform.resource_changes\n"
    "\tactions := {{action | some action in resource.change.actions}}\n"
    "\t{test}\n"
    "}}"
)

GIVEN: Final = {
    # The last eight digits of the digest, as in the published examples of
    # https://docs.spacelift.io/vendors/terraform/resource-sanitization.
    "sanitized": "sanitized(x) := substring(crypto.sha256(x), 56, 8)",
    "affected_resources": "affected_resources "
    + _CHANGED.format(test='count(actions & {"create", "delete", "update"}) > 0'),
    "created_resources": "created_resources "
    + _CHANGED.format(test='"create" in actions'),
    "deleted_resources": "deleted_resources "
    + _CHANGED.format(test='"delete" in actions'),
    "recreated_resources": "recreated_resources "
    + _CHANGED.format(test='{"create", "delete"} == actions'),
    "updated_resources": "updated_resources "
    + _CHANGED.format(test='"update" in actions'),
    "commit": "commit := input.commit",
    "request": "request := input.request",
    "run": "run := input.run",
    "runtime_config": "runtime_config := input.run.runtime_config",
    "session": "session := input.session",
    "stack": "stack := input.stack",
}
"""What Spacelift defines for policies, as Rego v1: helper functions and aliases."""
