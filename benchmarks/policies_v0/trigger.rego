package spacelift

# Policy 77: starts the stacks that depend on this one.

trigger[stack.id] {
	stack := input.stacks[_]
	input.run.state == "FINISHED"
	input.run.type == "TRACKED"
	stack.labels[_] == concat("", ["depends-on:", input.stack.id])
	not cycle[stack.id]
}

cycle[id] {
	id := input.workflow[_].stack_id
	id == input.stack.id
}

longest := max([count(s.labels) | s := input.stacks[_]])

paths[p] {
	walk(input.stack, [p, value])
	value == "marker"
}

sample { count(trigger) > 2 }
