# METADATA
# title: Tables have fresh statistics
# description: >-
#   The optimizer plans by statistics. Stale or missing ones, of a table whose
#   statistics nobody locked on purpose, give plans for data that is no longer there.
#   Only a database tells.
# related_resources:
# - ref: https://docs.oracle.com/en/database/oracle/oracle-database/23/refrn/ALL_TAB_STATISTICS.html
#   description: ALL_TAB_STATISTICS
# custom:
#   severity: low
#   remediation: Gather them with DBMS_STATS.GATHER_TABLE_STATS, and see why the nightly job does not.
#   controls: []
package comply.oracle.catalogue.fresh_statistics

import rego.v1

warn contains {"msg": msg, "address": name(row)} if {
	some row in input.statistics
	not row.locked
	row.analyzed != null
	row.stale
	msg := sprintf("table %s: the statistics are stale", [name(row)])
}

warn contains {"msg": msg, "address": name(row)} if {
	some row in input.statistics
	not row.locked
	row.analyzed == null
	msg := sprintf("table %s has no statistics", [name(row)])
}

name(row) := concat(".", [part | some part in [row.owner, row.table]; part != ""])
