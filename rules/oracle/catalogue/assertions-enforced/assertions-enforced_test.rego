package comply.oracle.catalogue.assertions_enforced_test

import rego.v1

import data.comply.oracle.catalogue.assertions_enforced as rule

assertion(enabled, validated) := {"assertions": [{
	"owner": "APP",
	"name": "NO_ORPHANS",
	"enabled": enabled,
	"validated": validated,
}]}

denied(document) := {finding.msg | some finding in rule.deny with input as document}

warned(document) := {finding.msg | some finding in rule.warn with input as document}

test_disabled if {
	denied(assertion(false, false)) == {"assertion APP.NO_ORPHANS is disabled"}
}

test_not_validated if {
	warned(assertion(true, false)) == {"assertion APP.NO_ORPHANS was never checked on old rows"}
	count(denied(assertion(true, false))) == 0
}

test_enforced if {
	count(denied(assertion(true, true))) + count(warned(assertion(true, true))) == 0
}

test_a_disabled_one_is_said_once if {
	count(warned(assertion(false, false))) == 0
}
