package comply.oracle.schema.primary_key_test

import rego.v1

import data.comply.oracle.schema.primary_key as rule

key := {"type": "primary_key", "enabled": true}

table(constraints) := {
	"owner": "",
	"name": "ORDERS",
	"temporary": false,
	"external": false,
	"constraints": constraints,
}

denied(table) := {finding.msg | some finding in rule.deny with input as {"tables": [table]}}

test_without if {
	denied(table([])) == {"table ORDERS has no primary key"}
	denied(table([{"type": "unique", "enabled": true}])) == {"table ORDERS has no primary key"}
}

test_with if {
	count(denied(table([key]))) == 0
}

test_disabled if {
	denied(table([object.union(key, {"enabled": false})])) == {"table ORDERS has no enabled primary key"}
}

test_owner_is_named if {
	denied(object.union(table([]), {"owner": "SHOP"})) == {"table SHOP.ORDERS has no primary key"}
}

test_temporary_and_external_tables if {
	count(denied(object.union(table([]), {"temporary": true}))) == 0
	count(denied(object.union(table([]), {"external": true}))) == 0
}
