"""Synthetic Rego policies in the manner of Gatekeeper's library."""

import json
from collections.abc import Callable
from random import Random

from manifests import REGISTRIES


def policies(number: int, seed: int = 0) -> dict[str, str]:
    """Return `number` Rego v1 policies for admission reviews, by file name.

    Each stands in a package of its own, `bench.p<i>`, and has a `violation` rule.
    """
    random = Random(seed)  # noqa: S311  (made-up data)
    return {
        f"p{i}.rego": _POLICIES[i % len(_POLICIES)](random).replace("NAME", f"p{i}")
        for i in range(number)
    }


_CONTAINERS = """
containers contains container if {
	some container in input.review.object.spec.containers
}

containers contains container if {
	some container in input.review.object.spec.template.spec.containers
}
"""


def _label_policy(random: Random) -> str:
    label = random.choice(
        ("app.kubernetes.io/name", "app.kubernetes.io/part-of", "environment")
    )
    return f"""package bench.NAME

violation contains {{"msg": msg}} if {{
	not input.review.object.metadata.labels["{label}"]
	msg := sprintf("%v lacks label {label}", [input.review.object.metadata.name])
}}
"""


def _privileged_policy(_random: Random) -> str:
    return f"""package bench.NAME

violation contains {{"msg": msg}} if {{
	some container in containers
	container.securityContext.privileged
	msg := sprintf("container %v is privileged", [container.name])
}}
{_CONTAINERS}"""


def _registry_policy(random: Random) -> str:
    allowed = json.dumps(random.sample(REGISTRIES, 3))
    return f"""package bench.NAME

allowed := {allowed}

violation contains {{"msg": msg}} if {{
	some container in containers
	satisfied := [good | some registry in allowed; good := startswith(container.image, registry)]
	not any_true(satisfied)
	msg := sprintf("container %v has image %v from elsewhere", [container.name, container.image])
}}

any_true(values) if {{
	some value in values
	value == true
}}
{_CONTAINERS}"""


def _limit_policy(random: Random) -> str:
    kind, resource = random.choice(
        (("limits", "memory"), ("requests", "memory"), ("requests", "cpu"))
    )
    return f"""package bench.NAME

violation contains {{"msg": msg}} if {{
	some container in containers
	not container.resources.{kind}.{resource}
	msg := sprintf("container %v states no {kind}.{resource}", [container.name])
}}
{_CONTAINERS}"""


def _replicas_policy(random: Random) -> str:
    return f"""package bench.NAME

violation contains {{"msg": msg}} if {{
	input.review.object.kind == "Deployment"
	replicas := input.review.object.spec.replicas
	not in_range(replicas)
	msg := sprintf("%v replicas are out of range", [replicas])
}}

in_range(value) if {{
	value >= 1
	value <= {random.randrange(5, 9)}
}}
"""


def _annotation_policy(random: Random) -> str:
    return f"""package bench.NAME

violation contains {{"msg": msg}} if {{
	some key, value in input.review.object.metadata.annotations
	key == "owner"
	not regex.match(`^team-[0-9]{{1,{random.randrange(2, 5)}}}@example\\.com$`, value)
	msg := sprintf("%v is owned by %v", [input.review.object.metadata.name, value])
}}
"""


_POLICIES: tuple[Callable[[Random], str], ...] = (
    _label_policy,
    _privileged_policy,
    _registry_policy,
    _limit_policy,
    _replicas_policy,
    _annotation_policy,
)
