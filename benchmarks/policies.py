"""Synthetic Rego policies in the manner of Gatekeeper's library.

What the rules ask is what admission rules ask everywhere: images, resources, security
contexts, volumes, ports, labels. No two of the first forty are alike.
"""

from itertools import cycle, islice
from random import Random
from typing import Final

CONTAINERS: Final = """
containers contains container if {
	some container in input.review.object.spec.containers
}

containers contains container if {
	some container in input.review.object.spec.template.spec.containers
}
"""

PODS: Final = """
pods contains input.review.object.spec if input.review.object.kind == "Pod"

pods contains input.review.object.spec.template.spec if {
	input.review.object.kind in {"Deployment", "StatefulSet"}
}
"""


def policies(number: int, seed: int = 0) -> dict[str, str]:
    """Return `number` Rego v1 policies for admission reviews, by file name.

    Each stands in a package of its own, `bench.p<i>`, and has a `violation` rule.
    """
    bodies = [
        text.replace("OPTION", option)
        for text, options in _RULES.items()
        for option in options
    ]
    Random(seed).shuffle(bodies)  # noqa: S311  (made-up data)
    return {
        f"p{i}.rego": f"package bench.p{i}\n{body}"
        for i, body in enumerate(islice(cycle(bodies), number))
    }


def _about(conditions: str, message: str, *names: str, shared: str = "") -> str:
    """Return a policy: conditions, one a line, and what is said where they hold."""
    body = "".join(f"\t{line.strip()}\n" for line in conditions.strip().splitlines())
    said = f'\tmsg := sprintf("{message}", [{", ".join(names)}])\n'
    return f'\nviolation contains {{"msg": msg}} if {{\n{body}{said}}}\n{shared}'


def _container(conditions: str, message: str, shared: str = "") -> str:
    return _about(
        f"some container in containers\n{conditions}",
        f"container %v {message}",
        "container.name",
        shared=shared + CONTAINERS,
    )


def _pod(conditions: str, message: str) -> str:
    return _about(
        f"some pod in pods\n{conditions}",
        f"%v {message}",
        "input.review.object.metadata.name",
        shared=PODS,
    )


def _object(conditions: str, message: str, shared: str = "") -> str:
    name = "input.review.object.metadata.name"
    return _about(conditions, f"%v {message}", name, shared=shared)


_ANY: Final = """
any_true(values) if {
	some value in values
	value == true
}
"""

_RULES: Final[dict[str, tuple[str, ...]]] = {
    _container("container.securityContext.privileged", "is privileged"): ("",),
    _container(
        """satisfied := [good | some registry in OPTION; good := startswith(container.image, registry)]
        not any_true(satisfied)""",
        "has an image from elsewhere",
        _ANY,
    ): (
        '{"registry.example.com", "images.example.org", "mirror.example.net"}',
        '["registry.example.com/", "images.example.org/", "mirror.example.net/"]',
    ),
    _container(
        "not container.resources.OPTION",
        "states no OPTION",
    ): ("limits.memory", "requests.memory", "requests.cpu"),
    _container(
        "not container.securityContext.allowPrivilegeEscalation == false",
        "may gain privileges",
    ): ("",),
    _container("not container.securityContext.OPTION", "does not set OPTION"): (
        "readOnlyRootFilesystem",
        "runAsNonRoot",
    ),
    _container(
        'not "ALL" in container.securityContext.capabilities.drop',
        "keeps its capabilities",
    ): ("",),
    _container(
        """some capability in container.securityContext.capabilities.add
        not capability in {"NET_BIND_SERVICE", "OPTION"}""",
        "has more capabilities than OPTION",
    ): ("CHOWN", "KILL"),
    _container('endswith(container.image, ":OPTION")', "runs OPTION"): (
        "latest",
        "main",
    ),
    _container('not contains(container.image, ":")', "has no tag"): ("",),
    _container("not container.OPTION", "has no OPTION"): ("livenessProbe", "ports"),
    _container(
        """some port in container.ports
        port.hostPort > OPTION""",
        "uses a port of the host",
    ): ("0", "1024"),
    _container(
        """some variable in container.env
        contains(lower(variable.name), "OPTION")""",
        "may be given a OPTION in the open",
    ): ("password", "token"),
    _container('container.imagePullPolicy == "OPTION"', "pulls OPTION"): ("Never",),
    _pod("pod.OPTION", "shares OPTION"): ("hostNetwork", "hostPID", "hostIPC"),
    _pod(
        """some volume in pod.volumes
        volume.OPTION""",
        "mounts OPTION",
    ): ("hostPath", "flexVolume"),
    _pod("not pod.serviceAccountName", "names no account"): ("",),
    _pod("pod.terminationGracePeriodSeconds > OPTION", "ends slowly"): ("300",),
    _object(
        'not input.review.object.metadata.labels["OPTION"]', "lacks label OPTION"
    ): ("app.kubernetes.io/name", "app.kubernetes.io/part-of", "environment"),
    _object(
        """some key, value in input.review.object.metadata.annotations
        key == "owner"
        not regex.match(`^team-[0-9]{1,OPTION}@example\\.com$`, value)""",
        "has no owner of OPTION digits",
    ): ("2", "3"),
    _object(
        """input.review.object.kind == "Deployment"
        replicas := input.review.object.spec.replicas
        not in_range(replicas)""",
        "has too few replicas, or more than OPTION",
        "\nin_range(value) if {\n\tvalue >= 1\n\tvalue <= OPTION\n}\n",
    ): ("5", "8"),
    _object(
        """input.review.object.kind == "Service"
        input.review.object.spec.type == "OPTION\"""",
        "is open to others: OPTION",
    ): ("NodePort", "LoadBalancer"),
    _object(
        """some key, value in input.review.object.data
        count(value) > OPTION""",
        "holds more than OPTION characters",
    ): ("100000",),
    _object(
        """some key, value in input.review.object.spec.selector.matchLabels
        not input.review.object.spec.template.metadata.labels[key] == value""",
        "selects what it does not make",
    ): ("",),
}
"""Policies, and by what each is made several."""
