package spacelift

doc := {
	"run": {"state": "FINISHED", "type": "TRACKED"},
	"stack": {"id": "network", "name": "marker"},
	"stacks": [{"id": "app", "labels": ["depends-on:network", "x"]}, {"id": "other", "labels": []}],
	"workflow": [],
}

test_trigger { trigger == {"app"} with input as doc }

test_longest { longest == 2 with input as doc }

test_paths { paths == {["name"]} with input as doc }

test_unfinished {
	count(trigger) == 0 with input as object.union(doc, {"run": {"state": "FAILED", "type": "TRACKED"}})
}
