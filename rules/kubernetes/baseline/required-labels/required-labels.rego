# METADATA
# title: Objects carry the required labels
# description: >-
#   Every workload and service has a non-empty value for each required label, so that
#   owners, costs and selectors can be told apart. Parameters are keys (the required
#   labels) and kinds (the kinds of object that need them).
# related_resources:
# - ref: https://kubernetes.io/docs/concepts/overview/working-with-objects/common-labels/
#   description: Recommended labels
# custom:
#   severity: low
#   remediation: Add the missing labels to metadata.labels.
#   controls: []
package comply.kubernetes.baseline.required_labels

import rego.v1

default keys := ["app.kubernetes.io/name", "app.kubernetes.io/part-of"]

keys := data.comply.parameters["kubernetes/baseline/required-labels"].keys

default kinds := [
	"CronJob", "DaemonSet", "Deployment", "Job", "Pod", "ReplicaSet",
	"ReplicationController", "Service", "StatefulSet",
]

kinds := data.comply.parameters["kubernetes/baseline/required-labels"].kinds

deny contains {"msg": msg} if {
	input.kind in kinds
	missing := {key | some key in keys; not labelled(key)}
	count(missing) > 0
	msg := sprintf("%s %s lacks the required labels: %s", [
		input.kind,
		object.get(input.metadata, "name", "without a name"),
		concat(", ", sort(missing)),
	])
}

labelled(key) if {
	value := input.metadata.labels[key]
	not value in {"", null}
}
