package comply.terraform.cost.plan_size_test

import rego.v1

import data.comply.terraform.cost.plan_size as rule

plan(actions, number) := {"resource_changes": [{"address": n, "change": {"actions": actions}} |
	some n in numbers.range(1, number)
]}

warned(document) := {finding.msg | some finding in rule.warn with input as document}

test_many_creates if {
	warned(plan(["create"], 21)) == {"the plan creates 21 resources, more than 20"}
	count(warned(plan(["create"], 20))) == 0
}

test_many_destroys if {
	warned(plan(["delete"], 11)) == {"the plan destroys 11 resources, more than 10"}
	count(warned(plan(["delete"], 10))) == 0
}

test_a_replacement_counts_twice if {
	count(warned(plan(["delete", "create"], 21))) == 2
}

test_identical_changes_count_each if {
	same := {"resource_changes": [change | some _ in numbers.range(1, 21); change := {"change": {"actions": ["create"]}}]}
	count(warned(same)) == 1
}

test_quiet_plan if {
	count(warned({"resource_changes": []})) == 0
	count(warned({})) == 0
	count(warned(plan(["update"], 50))) == 0
}

test_parameters if {
	messages := {finding.msg | some finding in rule.warn} with input as plan(["create"], 2)
		with data.comply.parameters as {"terraform/cost/plan-size": {"creates": 1}}
	messages == {"the plan creates 2 resources, more than 1"}
}
