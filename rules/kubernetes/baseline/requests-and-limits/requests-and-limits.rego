# METADATA
# title: Containers state their requests and limits
# description: >-
#   The scheduler places a pod by what it requests, and a node survives by what it limits.
#   Every container of a pod or workload, init containers included, states the required
#   ones; what the pod states for all of its containers counts. Parameters are requests and
#   limits, the resources to state in each. A CPU limit is not asked for by default: it
#   throttles a container while its node is idle.
# related_resources:
# - ref: https://kubernetes.io/docs/concepts/configuration/manage-resources-containers/
#   description: Resource management for pods and containers
# custom:
#   severity: medium
#   remediation: Add resources.requests and resources.limits, from what the container was measured to use.
#   controls: []
package comply.kubernetes.baseline.requests_and_limits

import rego.v1

default requests := ["cpu", "memory"]

requests := data.comply.parameters["kubernetes/baseline/requests-and-limits"].requests

default limits := ["memory"]

limits := data.comply.parameters["kubernetes/baseline/requests-and-limits"].limits

required := {["requests", resource] | some resource in requests} | {["limits", resource] | some resource in limits}

# An ephemeral container must not have any.
deny contains {"msg": msg} if {
	some list in ["initContainers", "containers"]
	some container in pod[list]
	missing := [concat(".", place) | some place in required; not states(container, place)]
	count(missing) > 0
	msg := sprintf("container %s of %s %s does not state %s", [
		named(container),
		input.kind,
		named(input.metadata),
		concat(", ", missing),
	])
}

states(container, [kind, resource]) if container.resources[kind][resource] != null

states(_, [kind, resource]) if pod.resources[kind][resource] != null

named(thing) := object.get(thing, "name", "without a name")

pod := object.get(input, path[input.kind], {})

# Where each kind keeps the spec of its pods.
path := {
	"CronJob": ["spec", "jobTemplate", "spec", "template", "spec"],
	"DaemonSet": ["spec", "template", "spec"],
	"Deployment": ["spec", "template", "spec"],
	"Job": ["spec", "template", "spec"],
	"Pod": ["spec"],
	"PodTemplate": ["template", "spec"],
	"ReplicaSet": ["spec", "template", "spec"],
	"ReplicationController": ["spec", "template", "spec"],
	"StatefulSet": ["spec", "template", "spec"],
}
