package comply.oracle.catalogue.usable_indexes_test

import rego.v1

import data.comply.oracle.catalogue.usable_indexes as rule

denied(usable) := {finding.msg |
	some finding in rule.deny with input as {"indexes": [{
		"owner": "APP",
		"table": "ORDERS",
		"name": "BY_DAY",
		"usable": usable,
	}]}
}

test_unusable if {
	denied(false) == {"index APP.BY_DAY of table ORDERS is unusable"}
}

test_usable if {
	count(denied(true)) == 0
}

test_no_owner if {
	some finding in rule.deny with input as {"indexes": [{"owner": "", "table": "T", "name": "I", "usable": false}]}
	finding.address == "I"
}

test_none if {
	count(rule.deny) == 0 with input as {"indexes": []}
}
