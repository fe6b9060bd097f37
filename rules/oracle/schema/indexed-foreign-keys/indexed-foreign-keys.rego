# METADATA
# title: Foreign keys are indexed
# description: >-
#   Without an index that leads with the columns of a foreign key, in any order, Oracle
#   locks the whole child table when a parent row is deleted or its key changes, and reads
#   all of it. A bitmap index and an unusable one do not help.
# related_resources:
# - ref: https://docs.oracle.com/en/database/oracle/oracle-database/23/cncpt/data-concurrency-and-consistency.html
#   description: Locks and foreign keys
# custom:
#   severity: medium
#   remediation: Create an index on the foreign key whose leading columns are those of the key.
#   controls: []
package comply.oracle.schema.indexed_foreign_keys

import rego.v1

deny contains {"msg": msg, "address": name(table)} if {
	some table in input.tables
	some constraint in table.constraints
	constraint.type == "foreign_key"
	constraint.enabled
	not indexed(table, constraint.columns)
	msg := sprintf("table %s: no index leads with the foreign key %s (%s)", [
		name(table),
		constraint.name,
		concat(", ", constraint.columns),
	])
}

indexed(table, columns) if {
	some index in table.indexes
	index.usable
	not index.bitmap
	leading := array.slice(index.columns, 0, count(columns))
	{column | some column in leading} == {column | some column in columns}
}

name(table) := concat(".", [part | some part in [table.owner, table.name]; part != ""])
