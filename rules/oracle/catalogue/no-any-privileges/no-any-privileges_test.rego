package comply.oracle.catalogue.no_any_privileges_test

import rego.v1

import data.comply.oracle.catalogue.no_any_privileges as rule

denied(privilege, option) := {finding.msg |
	some finding in rule.deny with input as {"grants": [{
		"privilege": privilege,
		"grantee": "BATCH",
		"owner": null,
		"object": null,
		"option": option,
	}]}
}

test_any if {
	denied("SELECT ANY TABLE", "") == {"BATCH has SELECT ANY TABLE"}
}

test_with_admin_option if {
	denied("DROP ANY TABLE", "ADMIN") == {"BATCH has DROP ANY TABLE and may pass it on"}
}

test_other_privileges if {
	count(denied("CREATE SESSION", "")) + count(denied("COMPANY", "")) == 0
}

test_an_object if {
	count(rule.deny) == 0 with input as {"grants": [{
		"privilege": "SELECT",
		"grantee": "BATCH",
		"owner": "APP",
		"object": "ANY",
		"option": "",
	}]}
}
