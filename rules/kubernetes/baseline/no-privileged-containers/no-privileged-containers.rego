# METADATA
# title: No container is privileged
# description: >-
#   A privileged container owns its node. No container of a pod, nor of the pods that a
#   workload makes, asks for it: init and ephemeral containers included.
# related_resources:
# - ref: https://kubernetes.io/docs/concepts/security/pod-security-standards/#baseline
#   description: Pod Security Standards, baseline
# custom:
#   severity: critical
#   remediation: Remove securityContext.privileged and add the single capabilities that the container needs.
#   controls:
#   - Kubernetes Pod Security Standards, Baseline, Privileged Containers
package comply.kubernetes.baseline.no_privileged_containers

import rego.v1

deny contains {"msg": msg} if {
	some list in ["initContainers", "containers", "ephemeralContainers"]
	some container in pod[list]
	container.securityContext.privileged == true
	msg := sprintf("container %s of %s %s is privileged", [named(container), input.kind, named(input.metadata)])
}

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
