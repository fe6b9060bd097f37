# METADATA
# title: Indexes are usable
# description: >-
#   An unusable index, or one with an unusable partition, is left out of plans, so that
#   queries read the table instead; an unusable index of a key makes changes fail.
# related_resources:
# - ref: https://docs.oracle.com/en/database/oracle/oracle-database/23/refrn/ALL_INDEXES.html
#   description: ALL_INDEXES
# custom:
#   severity: medium
#   remediation: Rebuild it with ALTER INDEX .. REBUILD, or drop it.
#   controls: []
package comply.oracle.catalogue.usable_indexes

import rego.v1

deny contains {"msg": msg, "address": name(index)} if {
	some index in input.indexes
	not index.usable
	msg := sprintf("index %s of table %s is unusable", [name(index), index.table])
}

name(fact) := concat(".", [part | some part in [fact.owner, fact.name]; part != ""])
