package comply.terraform.baseline.protected_account_email_test

import rego.v1

import data.comply.terraform.baseline.protected_account_email as rule

plan(type, change) := {"resource_changes": [{"address": "a", "type": type, "change": change}]}

account(actions, before, after) := plan("aws_organizations_account", {
	"actions": actions,
	"before": before,
	"after": after,
})

parameters(email) := {"provisioning_parameters": [
	{"key": "AccountName", "value": "data"},
	{"key": "AccountEmail", "value": email},
]}

product(before, after, unknown) := plan("aws_servicecatalog_provisioned_product", {
	"actions": ["update"],
	"before": before,
	"after": after,
	"after_unknown": unknown,
})

denied(document) := {finding.msg | some finding in rule.deny with input as document}

warned(document) := {finding.msg | some finding in rule.warn with input as document}

test_account_replaced_by_a_new_address if {
	document := account(["delete", "create"], {"email": "a@example.com"}, {"email": "b@example.com"})
	denied(document) == {"a changes the e-mail address of an account and replaces the account"}
}

test_account_updated if {
	document := account(["update"], {"email": "a@example.com"}, {"email": "b@example.com"})
	denied(document) == {"a changes the e-mail address of an account"}
}

test_same_address if {
	same := {"email": "a@example.com"}
	count(denied(account(["update"], same, same))) == 0
	count(denied(account(["delete", "create"], same, same))) == 0
}

test_new_and_closed_accounts if {
	count(denied(account(["create"], null, {"email": "a@example.com"}))) == 0
	count(denied(account(["delete"], {"email": "a@example.com"}, null))) == 0
}

test_parameter_of_a_product if {
	count(denied(product(parameters("a@example.com"), parameters("b@example.com"), {}))) == 1
	count(denied(product(parameters("a@example.com"), parameters("a@example.com"), {}))) == 0
}

test_parameter_that_disappears if {
	count(denied(product(parameters("a@example.com"), {"provisioning_parameters": []}, {}))) == 1
}

test_email_of_another_type if {
	change := {"actions": ["update"], "before": {"email": "a"}, "after": {"email": "b"}}
	count(denied(plan("aws_iam_user", change))) == 0
}

test_addresses_of_different_resources_are_not_compared if {
	one := account(["no-op"], {"email": "a@example.com"}, {"email": "a@example.com"})
	other := account(["update"], {"email": "b@example.com"}, {"email": "b@example.com"})
	both := {"resource_changes": array.concat(one.resource_changes, other.resource_changes)}
	count(denied(both)) == 0
}

test_known_after_apply_is_a_warning if {
	computed := plan("aws_organizations_account", {
		"actions": ["delete", "create"],
		"before": {"email": "a@example.com"},
		"after": {},
		"after_unknown": {"email": true},
	})
	whole := product(parameters("a@example.com"), {}, {"provisioning_parameters": true})
	element := product(
		parameters("a@example.com"), parameters(null),
		{"provisioning_parameters": [{}, {"value": true}]},
	)
	every document in [computed, whole, element] {
		count(denied(document)) == 0
		count(warned(document)) == 1
	}
}

test_messages_keep_the_address_to_themselves if {
	document := account(["update"], {"email": "a@example.com"}, {"email": "b@example.com"})
	every message in denied(document) {
		not contains(message, "@")
	}
}
