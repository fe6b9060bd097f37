package comply.terraform.baseline.required_tags_test

import rego.v1

import data.comply.terraform.baseline.required_tags

full := {"CostCentre": "42", "Environment": "dev", "Owner": "data"}

plan(type, actions, after, unknown) := {"resource_changes": [{
	"address": "a",
	"type": type,
	"change": {"actions": actions, "after": after, "after_unknown": unknown},
}]}

created(after) := plan("aws_instance", ["create"], after, {})

denied(document) := {finding.msg | some finding in required_tags.deny with input as document}

warned(document) := {finding.msg | some finding in required_tags.warn with input as document}

test_missing_tags_are_named_in_order if {
	denied(created({"tags": {"Environment": "dev"}})) == {"a (aws_instance) lacks the required tags: CostCentre, Owner"}
}

test_all_tags if {
	count(denied(created({"tags": full}))) == 0
}

test_no_tags_at_all if {
	count(denied(created({"tags": null}))) == 1
}

test_empty_value_is_missing if {
	denied(created({"tags": object.union(full, {"Owner": ""})})) == {"a (aws_instance) lacks the required tags: Owner"}
}

test_default_tags_of_the_provider_count if {
	count(denied(created({"tags": {"Owner": "data"}, "tags_all": full}))) == 0
	count(denied(created({"tags": null, "tags_all": full}))) == 0
}

test_only_default_tags if {
	count(denied(created({"tags_all": {"Owner": "data"}}))) == 1
}

test_every_action_that_leaves_a_resource if {
	every actions in [["create"], ["update"], ["delete", "create"], ["create", "delete"]] {
		count(denied(plan("aws_instance", actions, {"tags": {}}, {}))) == 1
	}
	every actions in [["no-op"], ["read"], ["delete"], ["forget"]] {
		count(denied(plan("aws_instance", actions, {"tags": {}}, {}))) == 0
	}
}

test_resources_without_a_tag_map if {
	every after in [{}, {"tags": ["a", "b"]}, null] {
		count(denied(created(after))) == 0
	}
}

test_excluded_provider if {
	count(denied(plan("datadog_monitor", ["create"], {"tags": null}, {}))) == 0
}

test_value_known_after_apply_is_a_tag if {
	after := {"tags": {"CostCentre": "42", "Environment": "dev"}}
	unknown := {"tags": {"Owner": true}, "tags_all": true}
	document := plan("aws_instance", ["create"], after, unknown)
	count(denied(document)) == 0
	count(warned(document)) == 0
}

test_computed_tags_all_hides_no_tag if {
	count(denied(plan("aws_instance", ["create"], {"tags": null}, {"tags_all": true}))) == 1
}

test_known_after_apply_is_a_warning if {
	every unknown in [{"tags": true}, {"tags": {"Name": true}, "tags_all": true}] {
		document := plan("aws_instance", ["create"], {"tags": {}}, unknown)
		count(denied(document)) == 0
		count(warned(document)) == 1
	}
}

test_parameters if {
	chosen := {"terraform/baseline/required-tags": {"keys": ["Team"], "excluded_providers": ["aws"]}}
	count(required_tags.deny) == 0 with input as created({"tags": null})
		with data.comply.parameters as chosen
	messages := {finding.msg | some finding in required_tags.deny} with input as plan("azurerm_subnet", ["create"], {"tags": {}}, {})
		with data.comply.parameters as chosen
	messages == {"a (azurerm_subnet) lacks the required tags: Team"}
}
