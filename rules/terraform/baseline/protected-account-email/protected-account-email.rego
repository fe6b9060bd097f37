# METADATA
# title: The e-mail address of an account stays as it is
# description: >-
#   The root e-mail address of an AWS account is its last way in. A plan must not change
#   it, neither on an Organizations account (where a change replaces the account) nor in
#   the AccountEmail parameter of an Account Factory product.
# related_resources:
# - ref: https://docs.aws.amazon.com/organizations/latest/userguide/orgs_manage_accounts_update_primary_email.html
#   description: Updating the root user e-mail address of a member account
# custom:
#   severity: high
#   remediation: Restore the address in the configuration; change it by hand in AWS Organizations, then import it.
#   controls: []
package comply.terraform.baseline.protected_account_email

import rego.v1

deny contains {"msg": msg, "address": rc.address} if {
	some rc in input.resource_changes
	email := email_before(rc)
	stays(rc)
	not unknown(rc)
	not email_after(rc) == email
	msg := sprintf("%s changes the e-mail address of an account%s", [rc.address, consequence(rc)])
}

# The address is computed, so whether it changes is not known yet.
warn contains {"msg": msg, "address": rc.address} if {
	some rc in input.resource_changes
	email_before(rc)
	stays(rc)
	unknown(rc)
	msg := sprintf("%s may change the e-mail address of an account: the new one is known only after apply", [rc.address])
}

email_before(rc) := email(rc, rc.change.before)

# Total, so that a parameter that disappears counts as a change.
default email_after(_) := null

email_after(rc) := email(rc, rc.change.after)

email(rc, values) := values.email if rc.type == "aws_organizations_account"

email(rc, values) := parameter.value if {
	rc.type == "aws_servicecatalog_provisioned_product"
	some parameter in values.provisioning_parameters
	parameter.key == "AccountEmail"
}

# An account that goes for good keeps no address.
stays(rc) if "update" in rc.change.actions

stays(rc) if "create" in rc.change.actions

unknown(rc) if {
	rc.type == "aws_organizations_account"
	rc.change.after_unknown.email == true
}

unknown(rc) if {
	rc.type == "aws_servicecatalog_provisioned_product"
	rc.change.after_unknown.provisioning_parameters == true
}

unknown(rc) if {
	rc.type == "aws_servicecatalog_provisioned_product"
	some place, parameter in rc.change.after.provisioning_parameters
	parameter.key == "AccountEmail"
	rc.change.after_unknown.provisioning_parameters[place].value == true
}

consequence(rc) := " and replaces the account" if "delete" in rc.change.actions

consequence(rc) := "" if not "delete" in rc.change.actions
