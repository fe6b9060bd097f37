package bench.public_rds

import rego.v1

deny contains msg if {
	some resource in input.resource_changes
	resource.type == "aws_db_instance"
	"create" in resource.change.actions
	resource.change.after.publicly_accessible == true
	msg := sprintf("instance %s is public", [resource.address])
}

deny contains msg if {
	some resource in input.resource_changes
	resource.type == "aws_db_instance"
	"update" in resource.change.actions
	resource.change.after.publicly_accessible == true
	msg := sprintf("instance %s becomes public", [resource.address])
}

deny contains msg if {
	some resource in input.resource_changes
	resource.type == "aws_rds_cluster"
	"create" in resource.change.actions
	resource.change.after.publicly_accessible == true
	msg := sprintf("cluster %s is public", [resource.address])
}

deny contains msg if {
	some resource in input.resource_changes
	resource.type == "aws_rds_cluster_instance"
	"create" in resource.change.actions
	resource.change.after.publicly_accessible == true
	msg := sprintf("cluster instance %s is public", [resource.address])
}
