# METADATA
# title: Assertions are checked incrementally
# description: >-
#   An assertion validated COMPLETE runs its whole query after every change, and one
#   with the lock scope TABLE lets one session change the table at a time. Only a
#   database tells; a script does not.
# related_resources:
# - ref: https://docs.oracle.com/en/database/oracle/oracle-database/26/refrn/ALL_ASSERTION_LOCK_MATRIX.html
#   description: ALL_ASSERTION_LOCK_MATRIX
# custom:
#   severity: low
#   remediation: Join the tables by equality on NOT NULL columns, so that Oracle can check and lock by their values.
#   controls: []
package comply.oracle.catalogue.incremental_assertions

import rego.v1

warn contains {"msg": msg, "address": name(assertion)} if {
	some assertion in input.assertions
	some table in complete(assertion)
	msg := sprintf("assertion %s: a change of %s runs the whole query (COMPLETE)", [name(assertion), table])
}

warn contains {"msg": msg, "address": name(assertion)} if {
	some assertion in input.assertions
	some table in locked(assertion)
	msg := sprintf("assertion %s: a change of %s locks the table for other sessions (TABLE)", [
		name(assertion),
		table,
	])
}

complete(assertion) := {read.table | some read in assertion.validation; read.type == "COMPLETE"}

locked(assertion) := {lock.table | some lock in assertion.locks; lock.scope == "TABLE"}

name(fact) := concat(".", [part | some part in [fact.owner, fact.name]; part != ""])
