package spacelift

# Policy 77: tracks the main branch where files of the project changed.

track {
	affected
	is_tracked
}

propose {
	affected
	not is_tracked
}

ignore {
	not affected
}

ignore {
	input.push.tag != ""
	not startswith(input.push.tag, "v77.")
}

is_tracked {
	input.push.branch == input.stack.branch
}

roots := array.concat([input.stack.project_root], input.stack.additional_project_globs)

extensions := {".tf", ".tf.json", ".tfvars"}

affected {
	some i, j, k
	startswith(input.push.affected_files[i], roots[j])
	endswith(input.push.affected_files[i], extensions[k])
}

module_version = version {
	version := trim_prefix(input.push.tag, "v")
	regex.match(`^[0-9]+\.[0-9]+\.[0-9]+$`, version)
}

message[m] {
	ignore
	m := concat(", ", sort([f | f := input.push.affected_files[_]]))
}

notrigger {
	lower(input.push.message) == "skip ci"
}
