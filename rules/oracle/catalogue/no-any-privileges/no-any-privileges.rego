# METADATA
# title: Nobody has ANY privileges
# description: >-
#   SELECT ANY TABLE, EXECUTE ANY PROCEDURE and their like reach over every schema.
#   Users and roles that Oracle maintains are left out where the database tells which
#   they are.
# related_resources:
# - ref: https://docs.oracle.com/en/database/oracle/oracle-database/23/dbseg/configuring-privilege-and-role-authorization.html
#   description: Privileges and roles
# custom:
#   severity: high
#   remediation: REVOKE it, and grant on the objects, or ON SCHEMA, that are needed.
#   controls: []
package comply.oracle.catalogue.no_any_privileges

import rego.v1

deny contains {"msg": msg, "address": grant.grantee} if {
	some grant in input.grants
	grant.object == null
	"ANY" in split(upper(grant.privilege), " ")
	msg := sprintf("%s has %s%s", [grant.grantee, grant.privilege, passed_on(grant)])
}

passed_on(grant) := " and may pass it on" if grant.option == "ADMIN"

passed_on(grant) := "" if grant.option != "ADMIN"
