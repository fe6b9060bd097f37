# METADATA
# title: Databases are not reachable from the internet
# description: >-
#   RDS and Aurora instances and clusters that are created, changed or replaced are not
#   publicly accessible. A setting that is known only after apply is a warning.
# related_resources:
# - ref: https://docs.aws.amazon.com/AmazonRDS/latest/UserGuide/USER_VPC.WorkingWithRDSInstanceinaVPC.html
#   description: Working with a DB instance in a VPC
# custom:
#   severity: critical
#   remediation: Set publicly_accessible to false and reach the database through its VPC.
#   controls:
#   - CIS AWS Foundations Benchmark 2.0.0, 2.3.3
#   - AWS Foundational Security Best Practices, RDS.2
package comply.terraform.baseline.no_public_rds

import rego.v1

databases := {
	"aws_db_instance": "RDS instance",
	"aws_rds_cluster": "RDS cluster",
	"aws_rds_cluster_instance": "RDS cluster instance",
}

deny contains {"msg": msg, "address": rc.address} if {
	some rc in input.resource_changes
	what := databases[rc.type]
	changes(rc)
	rc.change.after.publicly_accessible == true
	msg := sprintf("%s %s is publicly accessible", [what, rc.address])
}

warn contains {"msg": msg, "address": rc.address} if {
	some rc in input.resource_changes
	what := databases[rc.type]
	changes(rc)
	rc.change.after_unknown.publicly_accessible == true
	msg := sprintf("%s %s: whether it is publicly accessible is known only after apply", [what, rc.address])
}

changes(rc) if "create" in rc.change.actions

changes(rc) if "update" in rc.change.actions
