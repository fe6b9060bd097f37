package spacelift

# Policy 77: refuses resources of chosen types.
# It reads the plan's changes, and warns about deletions.

import future.keywords.in
import future.keywords.if
import future.keywords.contains

forbidden_types := {"aws_iam_user", "aws_iam_access_key", "aws_kind_77"}

sensitive := ["password", "token", "secret_77"]

deny contains sprintf("%s (%s) may not be made here", [resource.address, resource.type]) if {
	some resource in input.terraform.resource_changes
	"create" in resource.change.actions
	resource.type in forbidden_types
}

deny[message] {
	resource := input.terraform.resource_changes[_]
	key := sensitive[_]
	value := resource.change.after[key]
	not is_null(value)
	not startswith(value, "sanitized-")
	message := sprintf("%s holds a plain %s", [resource.address, key])
}

warn[sprintf("%s will be destroyed", [resource.address])] {
	resource := affected_resources[_]
	resource.change.actions[_] == "delete"
}

affected_resources[resource] {
	resource := input.terraform.resource_changes[_]
	not resource.change.actions == ["no-op"]
	not resource.change.actions == ["read"]
}

sample {
	count(deny) > 0
}
