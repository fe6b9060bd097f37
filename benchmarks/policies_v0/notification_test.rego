package spacelift

run_in(state) = {
	"run_updated": {"run": {"id": "r1", "type": "TRACKED", "state": state, "created_at": 1700000000000000000, "changes": [
		{"phase": "apply", "action": "added", "entity": {"address": "a.b"}},
		{"phase": "plan", "action": "changed", "entity": {"address": "a.c"}},
	]}},
	"webhook_endpoints": [{"id": "w1", "labels": ["pager"]}, {"id": "w2", "labels": []}],
}

test_inbox {
	messages := inbox with input as run_in("FAILED")
	count(messages) == 1
	messages[_].title == "Run r1 is failed"
}

test_no_inbox {
	count(inbox) == 0 with input as run_in("FINISHED")
}

test_slack {
	slack == {{"channel_id": "C77", "message": "added a.b\nchanged a.c"}} with input as run_in("FINISHED")
}

test_webhook {
	webhook[w] with input as run_in("FINISHED")
	w.payload.weekday == "Tuesday"
}

test_sample {
	sample
}
