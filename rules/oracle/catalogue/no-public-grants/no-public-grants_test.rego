package comply.oracle.catalogue.no_public_grants_test

import rego.v1

import data.comply.oracle.catalogue.no_public_grants as rule

denied(grant) := {finding.msg | some finding in rule.deny with input as {"grants": [grant]}}

on_table := {"privilege": "SELECT", "grantee": "PUBLIC", "owner": "APP", "object": "ORDERS"}

test_object if {
	denied(on_table) == {"SELECT on APP.ORDERS is granted to PUBLIC"}
}

test_system if {
	denied({"privilege": "CREATE TABLE", "grantee": "PUBLIC", "owner": null, "object": null}) == {"CREATE TABLE is granted to PUBLIC"}
}

test_a_role if {
	count(denied(object.union(on_table, {"grantee": "REPORTING"}))) == 0
}

test_none if {
	count(rule.deny) == 0 with input as {"grants": []}
}
