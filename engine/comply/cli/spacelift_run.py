"""What the variables that Spacelift sets in a run say of it.

https://docs.spacelift.io/concepts/configuration/environment#spacelift-environment
"""

from typing import Final

RUN: Final = "TF_VAR_spacelift_run_id"
COMMIT: Final = "TF_VAR_spacelift_commit_sha"
STACK: Final = "TF_VAR_spacelift_stack_id"
LABELS: Final = "TF_VAR_spacelift_stack_labels"

VARIABLES: Final = {
    RUN: ("run", "id"),
    "TF_VAR_spacelift_run_type": ("run", "type"),
    COMMIT: ("commit", "hash"),
    STACK: ("stack", "id"),
}
"""Where plan policies find the value of a variable, under input.spacelift."""
