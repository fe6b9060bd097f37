package spacelift

# Policy 77: tells people about runs that end badly.

import future.keywords

states := {"FAILED", "STOPPED", "DISCARDED"}

run := input.run_updated.run

inbox[{
	"title": sprintf("Run %s is %s", [run.id, lower(run.state)]),
	"body": body,
	"severity": "WARNING",
}] {
	run.state in states
}

slack contains {"channel_id": "C77", "message": body} if {
	run.type == "TRACKED"
	run.state == "FINISHED"
	changes > 0
}

changes := count([1 | some change in run.changes; change.phase == "apply"])

body := concat("\n", lines)

lines := [line |
	some change in run.changes
	line := sprintf("%s %s", [change.action, change.entity.address])
]

webhook[{"endpoint_id": endpoint.id, "payload": payload}] {
	endpoint := input.webhook_endpoints[_]
	endpoint.labels[_] == "pager"
	payload := {"run": run.id, "state": run.state, "weekday": time.weekday(run.created_at)}
}

sample { true }
