package spacelift

base := {
	"run": {"type": "TRACKED", "state": "UNCONFIRMED", "drift_detection": false},
	"stack": {"autodeploy": true, "labels": ["auto:x", "b"]},
	"reviews": {"current": {"approvals": [], "rejections": []}},
}

test_proposed {
	approve with input as {"run": {"type": "PROPOSED", "state": "UNCONFIRMED"}}
}

test_none {
	not approve with input as base
}

test_two {
	approve with input as object.union(base, {"reviews": {"current": {
		"approvals": [{"author": "lead", "session": {"teams": ["Owners"]}}, {"author": "b", "session": {}}],
		"rejections": [],
	}}})
}

test_rejected {
	reject with input as object.union(base, {"reviews": {"current": {"approvals": [], "rejections": [{"author": "x"}]}}})
}

test_flag {
	flag["needs-owner"] with input as base
}
