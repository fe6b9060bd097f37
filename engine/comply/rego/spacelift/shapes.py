"""TYPE -> SHAPE: the fields of the input that Spacelift gives each type of policy.

The fields are those of the inputs in Spacelift's documentation. `None` is a field whose
inside is not described: a plan, an object of somebody else.
"""

from typing import Final, TypeAlias

Shape: TypeAlias = "dict[str, Shape] | list[Shape] | str | None"

_COMMIT: Final[Shape] = {
    "author": "string", "branch": "string", "created_at": "number",
    "exist_on_tracked_branch": "boolean", "hash": "string", "message": "string",
    "pull_request_id": "number", "tag": "string", "url": "string",
    "affected_files": ["string"],
}  # fmt: skip
_SPACE: Final[Shape] = {"id": "string", "labels": ["string"], "name": "string"}
_REQUEST: Final[dict[str, Shape]] = {"remote_ip": "string", "timestamp_ns": "number"}
_SESSION: Final[Shape] = {
    "account_name": "string", "admin": "boolean", "creator_ip": "string",
    "login": "string", "machine": "boolean", "member": "boolean", "name": "string",
    "stack_id": "string", "teams": ["string"],
}  # fmt: skip
_RUNTIME_CONFIG: Final[Shape] = {
    "after_apply": ["string"],
    "after_destroy": ["string"],
    "after_init": ["string"],
    "after_perform": ["string"],
    "after_plan": ["string"],
    "after_run": ["string"],
    "before_apply": ["string"],
    "before_destroy": ["string"],
    "before_init": ["string"],
    "before_perform": ["string"],
    "before_plan": ["string"],
    "git_sparse_checkout_paths": ["string"],
    "environment": None, "project_root": "string", "runner_image": "string",
    "terraform_version": "string",
}  # fmt: skip
_STACK: Final[Shape] = {
    "additional_project_globs": ["string"], "administrative": "boolean",
    "autodeploy": "boolean", "branch": "string", "contexts": ["string"],
    "id": "string", "labels": ["string"], "locked_by": "string", "name": "string",
    "namespace": "string", "project_root": "string", "repository": "string",
    "roles": None, "space": _SPACE, "state": "string", "terraform_version": "string",
    "terraform_workflow_tool": "string", "tracked_commit": _COMMIT,
    "worker_pool": {
        "id": "string", "labels": ["string"], "name": "string", "public": "boolean",
    },
    "queued_runs": "number",
}  # fmt: skip
_RUN: Final[Shape] = {
    "based_on_local_workspace": "boolean", "branch": "string",
    "changes": [
        {"phase": "string", "action": "string", "moved": "boolean", "entity": None},
    ],
    "command": "string", "commit": _COMMIT, "created_at": "number",
    "creator_session": _SESSION, "drift_detection": "boolean", "flags": ["string"],
    "id": "string", "policy_receipts": None,
    "repository_runtime_config_changed": "boolean",
    "runtime_config": _RUNTIME_CONFIG, "state": "string", "states_history": None,
    "triggered_by": "string", "type": "string", "updated_at": "number",
    "user_provided_metadata": ["string"],
}  # fmt: skip
_REVIEW: Final[Shape] = {
    "author": "string", "author_roles": None, "request": _REQUEST,
    "session": _SESSION, "state": "string", "state_version": "number",
}  # fmt: skip
_REVIEWS: Final[Shape] = {"approvals": [_REVIEW], "rejections": [_REVIEW]}

SHAPES: Final[dict[str, dict[str, Shape]]] = {
    "plan": {
        "ansible": None, "cloudformation": None, "kubernetes": None, "pulumi": None,
        "spacelift": {
            "commit": _COMMIT, "previous_run": _RUN, "request": _REQUEST, "run": _RUN,
            "stack": _STACK,
        },
        "terraform": None, "terragrunt": None, "third_party_metadata": None,
    },
    "approval": {
        "reviews": {"current": _REVIEWS, "older": None}, "run": _RUN, "stack": _STACK,
    },
    "access": {"request": _REQUEST, "session": _SESSION, "stack": _STACK},
    "login": {
        "attachment": None, "request": _REQUEST, "roles": None, "session": _SESSION,
        "spaces": [_SPACE],
    },
    "push": {
        "in_progress": [_RUN], "module": None,
        "pull_request": {
            "action_initiator": "string", "action": "string", "approved": "boolean",
            "author": "string", "base": _COMMIT, "closed": "boolean",
            "comment": "string", "diff": ["string"], "draft": "boolean",
            "head": _COMMIT, "head_owner": "string", "id": "number",
            "labels": ["string"], "mergeable": "boolean", "title": "string",
            "undiverged": "boolean",
        },
        "push": {
            "affected_files": ["string"], "author": "string", "branch": "string",
            "created_at": "number", "hash": "string", "message": "string",
            "tag": "string",
        },
        "stack": _STACK, "vcs_integration": None,
    },
    "trigger": {
        "module": None, "run": _RUN, "stack": _STACK, "stacks": [_STACK],
        "workflow": [
            {"id": "string", "stack_id": "string", "state": "string", "type": "string"},
        ],
    },
    "notification": {
        "account": {"name": "string"}, "internal_error": None, "module_version": None,
        "run_updated": {
            "note": "string", "run": _RUN, "stack": _STACK, "state": "string",
            "timing": None, "urls": {"run": "string"}, "username": "string",
        },
        "webhook_endpoints": [{"id": "string", "labels": ["string"]}],
    },
    "task": {
        "request": {**_REQUEST, "command": "string"}, "session": _SESSION,
        "stack": _STACK,
    },
    "initialization": {
        "commit": _COMMIT, "request": _REQUEST, "run": _RUN, "stack": _STACK,
    },
    "intent": {"resource": None},
}  # fmt: skip
