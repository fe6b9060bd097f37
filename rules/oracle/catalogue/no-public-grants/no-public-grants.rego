# METADATA
# title: Nothing is granted to PUBLIC
# description: >-
#   What PUBLIC has, everybody has who can log in, today and after the next user is
#   created. Grants of the schema at hand are meant, not those that Oracle ships.
# related_resources:
# - ref: https://docs.oracle.com/en/database/oracle/oracle-database/23/dbseg/keeping-your-oracle-database-secure.html
#   description: Keeping the database secure
# custom:
#   severity: high
#   remediation: REVOKE the grant, and GRANT to the role or user that needs it.
#   controls: []
package comply.oracle.catalogue.no_public_grants

import rego.v1

deny contains {"msg": msg, "address": address(grant)} if {
	some grant in input.grants
	upper(grant.grantee) == "PUBLIC"
	msg := sprintf("%s is granted to PUBLIC", [what(grant)])
}

what(grant) := grant.privilege if grant.object == null

what(grant) := sprintf("%s on %s", [grant.privilege, address(grant)]) if grant.object != null

address(grant) := "PUBLIC" if grant.object == null

address(grant) := concat(".", [part | some part in [grant.owner, grant.object]; part != ""]) if grant.object != null
