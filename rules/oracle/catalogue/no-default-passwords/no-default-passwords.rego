# METADATA
# title: No account has its default password
# description: >-
#   The passwords that Oracle ships are in every list that attackers try first. Only a
#   database tells, to a user who may read DBA_USERS_WITH_DEFPWD.
# related_resources:
# - ref: https://docs.oracle.com/en/database/oracle/oracle-database/23/refrn/DBA_USERS_WITH_DEFPWD.html
#   description: DBA_USERS_WITH_DEFPWD
# custom:
#   severity: critical
#   remediation: ALTER USER .. IDENTIFIED BY another password, or lock the account.
#   controls: []
package comply.oracle.catalogue.no_default_passwords

import rego.v1

deny contains {"msg": msg, "address": account.name} if {
	some account in input.accounts
	account.default_password
	msg := sprintf("account %s has its default password", [account.name])
}
