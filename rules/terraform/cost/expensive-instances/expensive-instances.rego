# METADATA
# title: Expensive instance sizes are reviewed
# description: >-
#   A new machine, database or cache of an expensive size, or one that grows to it, is
#   worth a second look. Parameters are sizes (the part of the type after its last dot)
#   and types (whole instance types that are expensive whatever their size).
# related_resources:
# - ref: https://docs.aws.amazon.com/ec2/latest/instancetypes/instance-type-names.html
#   description: How instance types are named
# custom:
#   severity: low
#   remediation: Choose a smaller size, or have the cost approved.
#   controls: []
package comply.terraform.cost.expensive_instances

import rego.v1

default sizes := [
	"4xlarge", "6xlarge", "8xlarge", "9xlarge", "10xlarge", "12xlarge", "16xlarge", "18xlarge",
	"24xlarge", "32xlarge", "48xlarge", "metal",
]

sizes := data.comply.parameters["terraform/cost/expensive-instances"].sizes

default types := []

types := data.comply.parameters["terraform/cost/expensive-instances"].types

expensive_sizes := {size | some size in sizes}

expensive_types := {type | some type in types}

# Where each resource keeps its instance type.
attributes := {
	"aws_db_instance": "instance_class",
	"aws_docdb_cluster_instance": "instance_class",
	"aws_elasticache_cluster": "node_type",
	"aws_elasticache_replication_group": "node_type",
	"aws_instance": "instance_type",
	"aws_launch_template": "instance_type",
	"aws_neptune_cluster_instance": "instance_class",
	"aws_rds_cluster_instance": "instance_class",
	"aws_redshift_cluster": "node_type",
	"aws_sagemaker_notebook_instance": "instance_type",
}

warn contains {"msg": msg, "address": rc.address} if {
	some rc in input.resource_changes
	attribute := attributes[rc.type]
	type := rc.change.after[attribute]
	chosen(rc.change, attribute)
	expensive(type)
	msg := sprintf("%s uses the expensive instance type %s", [rc.address, type])
}

chosen(change, _) if "create" in change.actions

chosen(change, attribute) if {
	"update" in change.actions
	change.before[attribute] != change.after[attribute]
}

expensive(type) if type in expensive_types

expensive(type) if {
	parts := split(type, ".")
	parts[count(parts) - 1] in expensive_sizes
}
