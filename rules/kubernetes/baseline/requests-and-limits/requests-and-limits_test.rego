package comply.kubernetes.baseline.requests_and_limits_test

import rego.v1

import data.comply.kubernetes.baseline.requests_and_limits as rule

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

stated := {"requests": {"cpu": "100m", "memory": "64Mi"}, "limits": {"memory": "64Mi"}}

pod(container) := {"kind": "Pod", "metadata": metadata, "spec": {"containers": [container]}}

test_every_kind_and_list_of_containers if {
	every list in ["initContainers", "containers"] {
		every manifest in workloads({list: [{"name": "app"}]}) {
			denied(manifest) == {sprintf(
				"container app of %s shop does not state limits.memory, requests.cpu, requests.memory",
				[manifest.kind],
			)}
		}
	}
}

test_all_stated if {
	every manifest in workloads({"containers": [{"name": "app", "resources": stated}]}) {
		count(denied(manifest)) == 0
	}
}

test_some_stated if {
	resources := {"requests": {"cpu": 1, "memory": null}, "limits": {"memory": "64Mi"}}
	denied(pod({"name": "app", "resources": resources})) == {"container app of Pod shop does not state requests.memory"}
}

test_stated_for_the_whole_pod if {
	manifest := {"kind": "Pod", "metadata": metadata, "spec": {"resources": stated, "containers": [{"name": "app"}]}}
	count(denied(manifest)) == 0
}

test_ephemeral_containers_have_none if {
	manifest := {"kind": "Pod", "metadata": metadata, "spec": {"ephemeralContainers": [{"name": "debug"}]}}
	count(denied(manifest)) == 0
}

test_parameters if {
	messages := {finding.msg | some finding in rule.deny} with input as pod({"name": "app"})
		with data.comply.parameters as {"kubernetes/baseline/requests-and-limits": {"requests": [], "limits": ["cpu"]}}
	messages == {"container app of Pod shop does not state limits.cpu"}
}

test_other_kinds if {
	count(denied({"kind": "Service", "metadata": metadata, "spec": {"containers": [{"name": "app"}]}})) == 0
}
