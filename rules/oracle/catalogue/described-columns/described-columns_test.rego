package comply.oracle.catalogue.described_columns_test

import rego.v1

import data.comply.oracle.catalogue.described_columns as rule

column(domain, annotations) := {
	"owner": "APP",
	"table": "USERS",
	"name": "EMAIL_ADDRESS",
	"domain": domain,
	"annotations": annotations,
}

denied(column) := {finding.msg | some finding in rule.deny with input as {"columns": [column]}}

policy(wanted) := {"oracle/catalogue/described-columns": wanted}

test_neither if {
	denied(column(null, {})) == {"column APP.USERS.EMAIL_ADDRESS has neither a domain nor an annotation"}
}

test_domain_or_annotation if {
	count(denied(column("EMAIL_D", {}))) + count(denied(column(null, {"PII": null}))) == 0
}

test_other_columns if {
	count(denied(object.union(column(null, {}), {"name": "QUANTITY"}))) == 0
}

test_named_annotations if {
	found := denied(column("EMAIL_D", {"PII": null})) with data.comply.parameters as policy({"annotations": ["Classification"]})
	found == {"column APP.USERS.EMAIL_ADDRESS has none of the annotations Classification"}
	none := denied(column(null, {"CLASSIFICATION": "personal"})) with data.comply.parameters as policy({"annotations": ["Classification"]})
	count(none) == 0
}

test_named_columns if {
	found := denied(column(null, {})) with data.comply.parameters as policy({"columns": ["SALARY"]})
	count(found) == 0
}
