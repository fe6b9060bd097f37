# METADATA
# title: Few databases are public
# description: Says how many there are, so each change of one changes what is said.
package bench.public_databases

import rego.v1

deny contains sprintf("%d databases are public", [public]) if {
	public := count([change |
		some change in input.resource_changes
		change.type == "aws_db_instance"
		change.change.after.publicly_accessible
	])
	public > 0
}
