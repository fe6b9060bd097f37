package comply.oracle.catalogue.enforced_constraints_test

import rego.v1

import data.comply.oracle.catalogue.enforced_constraints as rule

table(enabled, validated) := {"tables": [{
	"owner": "APP",
	"name": "ORDERS",
	"constraints": [{"name": "ORDERS_CK", "enabled": enabled, "validated": validated}],
}]}

denied(document) := {finding.msg | some finding in rule.deny with input as document}

warned(document) := {finding.msg | some finding in rule.warn with input as document}

test_disabled if {
	denied(table(false, false)) == {"constraint ORDERS_CK of table APP.ORDERS is disabled"}
}

test_not_validated if {
	warned(table(true, false)) == {"constraint ORDERS_CK of table APP.ORDERS was never checked on old rows"}
	count(denied(table(true, false))) == 0
}

test_enforced if {
	count(denied(table(true, true))) + count(warned(table(true, true))) == 0
}

test_a_disabled_one_is_said_once if {
	count(warned(table(false, false))) == 0
}
