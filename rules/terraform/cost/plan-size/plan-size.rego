# METADATA
# title: Large plans are reviewed
# description: >-
#   A plan that creates or destroys many resources at once is worth a second look. A
#   replacement counts as both. Parameters are creates and destroys, the largest numbers
#   that pass without a word.
# related_resources:
# - ref: https://developer.hashicorp.com/terraform/internals/json-format#change-representation
#   description: The actions of a change
# custom:
#   severity: low
#   remediation: Split the change, or read the plan with care before it is applied.
#   controls: []
package comply.terraform.cost.plan_size

import rego.v1

default largest_creates := 20

largest_creates := data.comply.parameters["terraform/cost/plan-size"].creates

default largest_destroys := 10

largest_destroys := data.comply.parameters["terraform/cost/plan-size"].destroys

creates := count([rc | some rc in input.resource_changes; "create" in rc.change.actions])

destroys := count([rc | some rc in input.resource_changes; "delete" in rc.change.actions])

warn contains {"msg": msg} if {
	creates > largest_creates
	msg := sprintf("the plan creates %d resources, more than %d", [creates, largest_creates])
}

warn contains {"msg": msg} if {
	destroys > largest_destroys
	msg := sprintf("the plan destroys %d resources, more than %d", [destroys, largest_destroys])
}
