package comply.oracle.catalogue.fresh_statistics_test

import rego.v1

import data.comply.oracle.catalogue.fresh_statistics as rule

warned(row) := {finding.msg |
	some finding in rule.warn with input as {"statistics": [object.union({"owner": "APP", "table": "T", "locked": false}, row)]}
}

test_stale if {
	warned({"stale": true, "analyzed": "2026-01-01"}) == {"table APP.T: the statistics are stale"}
}

test_missing if {
	warned({"stale": false, "analyzed": null}) == {"table APP.T has no statistics"}
}

test_fresh if {
	count(warned({"stale": false, "analyzed": "2026-01-01"})) == 0
}

test_locked_on_purpose if {
	count(warned({"stale": true, "analyzed": "2026-01-01", "locked": true})) == 0
}
