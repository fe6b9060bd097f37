package comply.kubernetes.baseline.required_labels_test

import rego.v1

import data.comply.kubernetes.baseline.required_labels as rule

metadata := {"name": "shop"}

denied(manifest) := {finding.msg | some finding in rule.deny with input as manifest}

manifest(kind, labels) := {"kind": kind, "metadata": object.union(metadata, {"labels": labels})}

full := {"app.kubernetes.io/name": "shop", "app.kubernetes.io/part-of": "store"}

test_every_kind if {
	every kind in rule.kinds {
		denied(manifest(kind, {})) == {sprintf(
			"%s shop lacks the required labels: app.kubernetes.io/name, app.kubernetes.io/part-of",
			[kind],
		)}
		count(denied(manifest(kind, full))) == 0
	}
}

test_no_labels_at_all if {
	count(denied({"kind": "Service", "metadata": metadata})) == 1
	count(denied(manifest("Service", null))) == 1
}

test_empty_value_is_missing if {
	labels := object.union(full, {"app.kubernetes.io/name": ""})
	denied(manifest("Pod", labels)) == {"Pod shop lacks the required labels: app.kubernetes.io/name"}
}

test_other_kinds if {
	count(denied(manifest("ConfigMap", {}))) == 0
}

test_parameters if {
	messages := {finding.msg | some finding in rule.deny} with input as manifest("Namespace", {})
		with data.comply.parameters as {"kubernetes/baseline/required-labels": {"keys": ["team"], "kinds": ["Namespace"]}}
	messages == {"Namespace shop lacks the required labels: team"}
}
