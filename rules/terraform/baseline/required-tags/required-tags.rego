# METADATA
# title: Resources carry the required tags
# description: >-
#   Every resource that takes a map of tags and is created, changed or replaced has a
#   non-empty value for each required tag. Tags that the provider adds by default count
#   (tags_all), and so does a tag whose value is known only after apply. Parameters are
#   keys (the required tags) and excluded_providers (type prefixes whose tags are not a map).
# related_resources:
# - ref: https://docs.aws.amazon.com/whitepapers/latest/tagging-best-practices/tagging-best-practices.html
#   description: Tagging best practices
# custom:
#   severity: medium
#   remediation: Add the missing tags to the resource, or to default_tags of its provider.
#   controls: []
package comply.terraform.baseline.required_tags

import rego.v1

default keys := ["CostCentre", "Environment", "Owner"]

keys := data.comply.parameters["terraform/baseline/required-tags"].keys

# Their `tags` is a list, a set of strings, or something other than a label.
default excluded_providers := [
	"azuread", "cloudflare", "datadog", "digitalocean", "google", "grafana", "helm", "kubectl",
	"kubernetes", "linode", "mongodbatlas", "newrelic", "opsgenie", "pagerduty", "scaleway", "vault",
]

excluded_providers := data.comply.parameters["terraform/baseline/required-tags"].excluded_providers

required := {key | some key in keys}

excluded := {provider | some provider in excluded_providers}

deny contains {"msg": msg, "address": rc.address} if {
	some rc in input.resource_changes
	changes(rc)
	takes_tags(rc)
	not unknown(rc.change)
	missing := required - present(rc.change)
	count(missing) > 0
	msg := sprintf("%s (%s) lacks the required tags: %s", [rc.address, rc.type, concat(", ", sort(missing))])
}

warn contains {"msg": msg, "address": rc.address} if {
	some rc in input.resource_changes
	changes(rc)
	takes_tags(rc)
	unknown(rc.change)
	missing := required - present(rc.change)
	count(missing) > 0
	msg := sprintf("%s (%s): whether it has these tags is known only after apply: %s", [
		rc.address,
		rc.type,
		concat(", ", sort(missing)),
	])
}

changes(rc) if "create" in rc.change.actions

changes(rc) if "update" in rc.change.actions

takes_tags(rc) if {
	tagged(rc.change)
	not split(rc.type, "_")[0] in excluded
}

# A null tag map is a taggable resource without tags; a list is another provider's idea of tags.
tagged(change) if is_map(change.after.tags)

tagged(change) if is_map(change.after.tags_all)

tagged(change) if change.after_unknown.tags == true

is_map(null)

is_map(value) if is_object(value)

present(change) := filled(change, "tags") | (filled(change, "tags_all") | pending(change))

filled(change, attribute) := {key |
	some key, value in change.after[attribute]
	not value in {null, ""}
}

pending(change) := {key | some key, true in change.after_unknown.tags}

# The whole map is computed, or a computed value hides what the provider adds to it.
unknown(change) if change.after_unknown.tags == true

unknown(change) if {
	change.after_unknown.tags_all == true
	count(pending(change)) > 0
}
