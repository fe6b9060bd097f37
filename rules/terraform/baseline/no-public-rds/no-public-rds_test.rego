package comply.terraform.baseline.no_public_rds_test

import rego.v1

import data.comply.terraform.baseline.no_public_rds

plan(type, actions, change) := {"resource_changes": [{
	"address": "a",
	"type": type,
	"change": object.union({"actions": actions, "after": {}, "after_unknown": {}}, change),
}]}

public := {"after": {"publicly_accessible": true}}

denied(document) := {finding.address | some finding in no_public_rds.deny with input as document}

warned(document) := {finding.address | some finding in no_public_rds.warn with input as document}

test_every_kind_of_database if {
	every type, _ in no_public_rds.databases {
		denied(plan(type, ["create"], public)) == {"a"}
	}
}

test_every_action_that_leaves_one if {
	every actions in [["create"], ["update"], ["delete", "create"], ["create", "delete"]] {
		denied(plan("aws_db_instance", actions, public)) == {"a"}
	}
}

test_actions_that_leave_none if {
	every actions in [["no-op"], ["read"]] {
		count(denied(plan("aws_db_instance", actions, public))) == 0
	}
	count(denied(plan("aws_db_instance", ["delete"], {"after": null}))) == 0
}

test_private_or_unsaid if {
	every after in [{"publicly_accessible": false}, {"publicly_accessible": null}, {}] {
		count(denied(plan("aws_db_instance", ["create"], {"after": after}))) == 0
	}
}

test_other_types if {
	count(denied(plan("aws_dms_replication_instance", ["create"], public))) == 0
}

test_known_after_apply_is_a_warning if {
	unknown := plan("aws_rds_cluster_instance", ["create"], {"after_unknown": {"publicly_accessible": true}})
	count(denied(unknown)) == 0
	warned(unknown) == {"a"}
}
