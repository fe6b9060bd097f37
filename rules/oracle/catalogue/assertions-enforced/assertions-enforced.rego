# METADATA
# title: Assertions are enabled and validated
# description: >-
#   A disabled assertion is a comment. One that is enabled but not validated holds for
#   what changes, while old rows may break it.
# related_resources:
# - ref: https://docs.oracle.com/en/database/oracle/oracle-database/26/sqlrf/alter-assertion.html
#   description: ALTER ASSERTION
# custom:
#   severity: medium
#   remediation: Correct the rows that break it (comply sql adopt lists them), then ALTER ASSERTION .. ENABLE VALIDATE.
#   controls: []
package comply.oracle.catalogue.assertions_enforced

import rego.v1

deny contains {"msg": msg, "address": name(assertion)} if {
	some assertion in input.assertions
	not assertion.enabled
	msg := sprintf("assertion %s is disabled", [name(assertion)])
}

warn contains {"msg": msg, "address": name(assertion)} if {
	some assertion in input.assertions
	assertion.enabled
	not assertion.validated
	msg := sprintf("assertion %s was never checked on old rows", [name(assertion)])
}

name(fact) := concat(".", [part | some part in [fact.owner, fact.name]; part != ""])
