package spacelift

# Policy 77: two approvals, one of them from the owners.

run := input.run

approvals := input.reviews.current.approvals

required := 2

owners := {"owner-77", "lead"}

default approve = false

approve {
	run.type == "PROPOSED"
}

approve {
	count(approvals) >= required
	approvals[_].author == owners[_]
	not reject
}

approve {
	run.state != "UNCONFIRMED"
} {
	run.drift_detection
	is_autodeployed
}

is_autodeployed {
	input.stack.autodeploy
	labels := {l | l := input.stack.labels[_]; startswith(l, "auto:")}
	count(labels) > 0
}

reject {
	count(input.reviews.current.rejections) > 0
}

flag["needs-owner"] {
	not owner_approved
}

owner_approved {
	some i
	approvals[i].session.teams[_] == "Owners"
}

sample := true { reject } else := false
