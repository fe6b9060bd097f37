# METADATA
# title: Sensitive columns have a domain or an annotation
# description: >-
#   A domain or an annotation tells people and tools what a column holds, so that
#   masking, export and retention rules can find it. Parameters are columns (glob
#   patterns of column names that need one, upper case) and annotations (names of which
#   one is needed; none means any, or a domain).
# related_resources:
# - ref: https://docs.oracle.com/en/database/oracle/oracle-database/23/refrn/ALL_ANNOTATIONS_USAGE.html
#   description: ALL_ANNOTATIONS_USAGE
# custom:
#   severity: low
#   remediation: Give the column a domain, or ANNOTATIONS such as (Classification 'personal').
#   controls: []
package comply.oracle.catalogue.described_columns

import rego.v1

default columns := ["*EMAIL*", "*IBAN*", "*PASSPORT*", "*BIRTH*", "*PHONE*", "*SSN*"]

columns := data.comply.parameters["oracle/catalogue/described-columns"].columns

default annotations := []

annotations := data.comply.parameters["oracle/catalogue/described-columns"].annotations

deny contains {"msg": msg, "address": address} if {
	some column in input.columns
	sensitive(column)
	not described(column)
	address := concat(".", [part | some part in [column.owner, column.table, column.name]; part != ""])
	msg := sprintf("column %s has %s", [address, lacking])
}

sensitive(column) if {
	some pattern in columns
	glob.match(pattern, [], upper(column.name))
}

described(column) if {
	count(annotations) == 0
	column.domain != null
}

described(column) if {
	count(annotations) == 0
	count(column.annotations) > 0
}

described(column) if {
	some name, _ in column.annotations
	upper(name) in {upper(wanted) | some wanted in annotations}
}

lacking := "neither a domain nor an annotation" if count(annotations) == 0

lacking := sprintf("none of the annotations %s", [concat(", ", annotations)]) if count(annotations) > 0
