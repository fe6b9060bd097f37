# METADATA
# title: Tables have a primary key
# description: >-
#   A table without an enabled primary key cannot name its rows: duplicates go unnoticed,
#   foreign keys have nothing to point at, and replication compares whole rows. Temporary
#   and external tables are left out.
# related_resources:
# - ref: https://docs.oracle.com/en/database/oracle/oracle-database/23/cncpt/data-integrity.html
#   description: Data integrity, primary key constraints
# custom:
#   severity: medium
#   remediation: Add a primary key, on a natural key that never changes or on an identity column.
#   controls: []
package comply.oracle.schema.primary_key

import rego.v1

deny contains {"msg": msg, "address": name(table)} if {
	some table in input.tables
	not table.temporary
	not table.external
	not keyed(table)
	msg := sprintf("table %s has no %s", [name(table), missing(table)])
}

keyed(table) if {
	some constraint in table.constraints
	constraint.type == "primary_key"
	constraint.enabled
}

missing(table) := "enabled primary key" if disabled(table)

missing(table) := "primary key" if not disabled(table)

disabled(table) if {
	some constraint in table.constraints
	constraint.type == "primary_key"
	not constraint.enabled
}

name(table) := concat(".", [part | some part in [table.owner, table.name]; part != ""])
