package comply.kubernetes.baseline.no_privileged_containers_test

import rego.v1

import data.comply.kubernetes.baseline.no_privileged_containers as rule

metadata := {"name": "shop"}

denied(manifest) := {finding.msg | some finding in rule.deny with input as manifest}

# Every kind that makes pods, with the given pod spec in its place.
workloads(pod) := [
	{"kind": "Pod", "metadata": metadata, "spec": pod},
	{"kind": "PodTemplate", "metadata": metadata, "template": {"spec": pod}},
	{"kind": "CronJob", "metadata": metadata, "spec": {"jobTemplate": {"spec": {"template": {"spec": pod}}}}},
	templated("DaemonSet", pod),
	templated("Deployment", pod),
	templated("Job", pod),
	templated("ReplicaSet", pod),
	templated("ReplicationController", pod),
	templated("StatefulSet", pod),
]

templated(kind, pod) := {"kind": kind, "metadata": metadata, "spec": {"template": {"spec": pod}}}

test_every_kind_is_tried if {
	{manifest.kind | some manifest in workloads({})} == {kind | some kind, _ in rule.path}
}

privileged := {"name": "app", "securityContext": {"privileged": true}}

test_every_kind_and_list_of_containers if {
	every list in ["initContainers", "containers", "ephemeralContainers"] {
		every manifest in workloads({list: [{"name": "calm"}, privileged]}) {
			denied(manifest) == {sprintf("container app of %s shop is privileged", [manifest.kind])}
		}
	}
}

test_unprivileged if {
	containers := [
		{"name": "a"},
		{"name": "b", "securityContext": null},
		{"name": "c", "securityContext": {"privileged": false}},
	]
	every manifest in workloads({"containers": containers}) {
		count(denied(manifest)) == 0
	}
}

test_each_container_is_named if {
	other := object.union(privileged, {"name": "other"})
	count(denied({"kind": "Pod", "metadata": metadata, "spec": {"containers": [privileged, other]}})) == 2
}

test_no_names if {
	nameless := object.remove(privileged, ["name"])
	denied({"kind": "Pod", "metadata": {}, "spec": {"containers": [nameless]}}) == {"container without a name of Pod without a name is privileged"}
}

test_other_kinds if {
	count(denied({"kind": "ConfigMap", "metadata": metadata, "spec": {"containers": [privileged]}})) == 0
	count(denied({})) == 0
}
