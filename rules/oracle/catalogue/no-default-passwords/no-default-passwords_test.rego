package comply.oracle.catalogue.no_default_passwords_test

import rego.v1

import data.comply.oracle.catalogue.no_default_passwords as rule

denied(accounts) := {finding.msg | some finding in rule.deny with input as {"accounts": accounts}}

test_default if {
	denied([{"name": "SCOTT", "default_password": true}]) == {"account SCOTT has its default password"}
}

test_changed if {
	count(denied([{"name": "SCOTT", "default_password": false}])) == 0
}

test_none if {
	count(denied([])) == 0
}

test_a_script_does_not_tell if {
	count(rule.deny) == 0 with input as {"tables": []}
}
