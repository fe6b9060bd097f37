# METADATA
# title: Objects are valid
# description: >-
#   An invalid view, package or trigger is compiled again when it is next used, and
#   fails there if it cannot be: at the worst time, in the hands of a user. Only a
#   database tells.
# related_resources:
# - ref: https://docs.oracle.com/en/database/oracle/oracle-database/23/refrn/ALL_OBJECTS.html
#   description: ALL_OBJECTS
# custom:
#   severity: medium
#   remediation: Compile the schema with DBMS_UTILITY.COMPILE_SCHEMA and mend what ALL_ERRORS lists.
#   controls: []
package comply.oracle.catalogue.valid_objects

import rego.v1

deny contains {"msg": msg, "address": name(object)} if {
	some object in input.objects
	object.status == "INVALID"
	msg := sprintf("%s %s is invalid", [lower(object.type), name(object)])
}

name(fact) := concat(".", [part | some part in [fact.owner, fact.name]; part != ""])
