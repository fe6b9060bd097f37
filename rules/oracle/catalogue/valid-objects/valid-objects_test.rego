package comply.oracle.catalogue.valid_objects_test

import rego.v1

import data.comply.oracle.catalogue.valid_objects as rule

denied(objects) := {finding.msg | some finding in rule.deny with input as {"objects": objects}}

object(status) := {"owner": "APP", "name": "PRICING", "type": "PACKAGE BODY", "status": status}

test_invalid if {
	denied([object("INVALID")]) == {"package body APP.PRICING is invalid"}
}

test_valid if {
	count(denied([object("VALID")])) == 0
}

test_none if {
	count(denied([])) == 0
}

test_a_script_does_not_tell if {
	count(rule.deny) == 0 with input as {"tables": []}
}
