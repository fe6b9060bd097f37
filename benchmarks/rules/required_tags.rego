package bench.required_tags

import rego.v1

required := {"CostCentre", "Environment", "ManagedBy", "Organisation", "Owner", "Project"}

excluded := {"cloudflare", "datadog", "helm", "kubectl", "kubernetes", "mongodbatlas", "pagerduty", "vault"}

is_excluded(resource) if split(resource.type, "_")[0] in excluded

taggable contains resource if {
	some resource in input.resource_changes
	"create" in resource.change.actions
	not is_excluded(resource)
	resource.change.after.tags != null
}

taggable contains resource if {
	some resource in input.resource_changes
	"update" in resource.change.actions
	not is_excluded(resource)
	resource.change.after.tags != null
}

missing_tags(resource) := {tag | some tag in required; not resource.change.after.tags[tag]}

deny contains msg if {
	some resource in taggable
	missing := missing_tags(resource)
	count(missing) > 0
	msg := sprintf("%s (%s) is missing tags: %s", [resource.address, resource.type, concat(", ", missing)])
}
