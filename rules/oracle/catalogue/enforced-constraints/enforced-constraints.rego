# METADATA
# title: Constraints are enabled and validated
# description: >-
#   A disabled constraint lets any row in. One that is enabled but not validated holds
#   for what changes, while old rows may break it and the optimizer does not trust it.
# related_resources:
# - ref: https://docs.oracle.com/en/database/oracle/oracle-database/23/cncpt/data-integrity.html
#   description: States of constraints
# custom:
#   severity: medium
#   remediation: Correct the rows that break it, then ALTER TABLE .. ENABLE VALIDATE CONSTRAINT.
#   controls: []
package comply.oracle.catalogue.enforced_constraints

import rego.v1

deny contains {"msg": msg, "address": concat(".", [name(table), constraint.name])} if {
	some table in input.tables
	some constraint in table.constraints
	not constraint.enabled
	msg := sprintf("constraint %s of table %s is disabled", [constraint.name, name(table)])
}

warn contains {"msg": msg, "address": concat(".", [name(table), constraint.name])} if {
	some table in input.tables
	some constraint in table.constraints
	constraint.enabled
	not constraint.validated
	msg := sprintf("constraint %s of table %s was never checked on old rows", [constraint.name, name(table)])
}

name(fact) := concat(".", [part | some part in [fact.owner, fact.name]; part != ""])
