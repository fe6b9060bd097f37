package comply.oracle.catalogue.incremental_assertions_test

import rego.v1

import data.comply.oracle.catalogue.incremental_assertions as rule

warned(validation, locks) := {finding.msg |
	some finding in rule.warn with input as {"assertions": [{
		"owner": "APP",
		"name": "A",
		"validation": validation,
		"locks": locks,
	}]}
}

test_complete if {
	warned([{"table": "T", "type": "COMPLETE"}], []) == {"assertion APP.A: a change of T runs the whole query (COMPLETE)"}
}

test_locked_by_table if {
	warned([], [{"table": "T", "scope": "TABLE"}]) == {"assertion APP.A: a change of T locks the table for other sessions (TABLE)"}
}

test_fast_and_by_value if {
	count(warned([{"table": "T", "type": "FAST"}], [{"table": "T", "scope": "JOIN_COLUMN_VALUES"}])) == 0
}

test_a_script_does_not_tell if {
	count(rule.warn) == 0 with input as {"assertions": [{"owner": "", "name": "A"}]}
}
