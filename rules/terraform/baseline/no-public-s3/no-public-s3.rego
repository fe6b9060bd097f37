# METADATA
# title: Buckets block public access
# description: >-
#   Every S3 bucket that is created, changed or replaced has a public access block of its
#   own with all four flags on. A new bucket's name is often unknown before apply, so the
#   block's `bucket` is traced through the configuration of the plan: through variables
#   and outputs of modules, by instance key where count or for_each repeats it; a name
#   that is known must be the bucket's. A block that cannot be traced is a warning as long
#   as there are enough of them for the buckets left over.
# related_resources:
# - ref: https://docs.aws.amazon.com/AmazonS3/latest/userguide/access-control-block-public-access.html
#   description: Blocking public access to S3 storage
# custom:
#   severity: high
#   remediation: Add an aws_s3_bucket_public_access_block for this bucket and set all four of its flags to true.
#   controls:
#   - CIS AWS Foundations Benchmark 2.0.0, 2.1.4
#   - AWS Foundational Security Best Practices, S3.8
package comply.terraform.baseline.no_public_s3

import rego.v1

flags := {"block_public_acls", "block_public_policy", "ignore_public_acls", "restrict_public_buckets"}

deny contains {"msg": msg, "address": bucket.address} if {
	some bucket in exposed
	count(stray) < count(exposed)
	msg := sprintf("no public access block belongs to bucket %s", [bucket.address])
}

deny contains {"msg": msg, "address": block.address} if {
	some block in blocks
	changes(block)
	open := flags - (on(block) | pending(block))
	count(open) > 0
	msg := sprintf("public access block %s leaves open: %s", [block.address, concat(", ", sort(open))])
}

warn contains {"msg": msg, "address": bucket.address} if {
	some bucket in exposed
	count(stray) >= count(exposed)
	msg := sprintf("bucket %s: which bucket a public access block is for is known only after apply", [bucket.address])
}

warn contains {"msg": msg, "address": block.address} if {
	some block in blocks
	changes(block)
	count(pending(block)) > 0
	msg := sprintf("public access block %s: known only after apply: %s", [
		block.address,
		concat(", ", sort(pending(block))),
	])
}

buckets := [rc |
	some rc in input.resource_changes
	rc.type == "aws_s3_bucket"
	not rc.mode == "data"
	is_object(rc.change.after)
]

blocks := [rc |
	some rc in input.resource_changes
	rc.type == "aws_s3_bucket_public_access_block"
	is_object(rc.change.after)
]

exposed := [bucket |
	some bucket in buckets
	concerns(bucket)
	not covered(bucket)
]

concerns(bucket) if changes(bucket)

concerns(bucket) if bucket.change.after.bucket in abandoned

# Names of the buckets whose block goes away.
abandoned := {name |
	some rc in input.resource_changes
	rc.type == "aws_s3_bucket_public_access_block"
	"delete" in rc.change.actions
	name := rc.change.before.bucket
}

changes(rc) if "create" in rc.change.actions

changes(rc) if "update" in rc.change.actions

on(block) := {flag | some flag in flags; block.change.after[flag] == true}

pending(block) := {flag | some flag in flags; block.change.after_unknown[flag] == true}

# A block with gaps that this plan changes is a finding of its own; one that it leaves
# alone protects nothing.
protecting := [block | some block in blocks; protects(block)]

protects(block) if changes(block)

protects(block) if on(block) == flags

covered(bucket) if bucket.change.after.bucket in covered_names

covered(bucket) if identity(bucket) in covered_identities

covered_names := {block.change.after.bucket | some block in protecting; named(block)}

named(block) if is_string(block.change.after.bucket)

covered_identities := {owner |
	some block in protecting
	some owner in owners(block)
}

# Blocks whose bucket nothing in the plan tells.
stray := [block |
	some block in protecting
	not named(block)
	count(owners(block)) == 0
]

# A block that may be for either of two buckets belongs to neither.
owners(block) := found if {
	found := candidates(block)
	count(found) == 1
}

owners(block) := set() if count(candidates(block)) != 1

candidates(block) := {owner |
	some origin in origins(block)
	some reference in heads(origin.references)
	[name, key] := bucket_in(reference)
	some owner in instances[[origin.module, name]]
	selects(origin, key, owner[2])
}

# By the index in the reference, by the key of the repetition around it, or every instance.
selects(_, key, key) if key != null

selects(origin, null, key) if {
	repeated(origin.references)
	key == origin.key
}

selects(origin, null, _) if not repeated(origin.references)

repeated(references) if {
	some reference in references
	reference in {"each.key", "each.value", "count.index"}
}

# Buckets of one name in one module. A module is the list of its steps from the root, each
# [name, key]; an identity is [module, name, key]; the key is null where nothing repeats.
instances[place] contains owner if {
	some owner in identities
	place := [owner[0], owner[1]]
}

identities := {identity(bucket) | some bucket in buckets}

identity(rc) := [steps(object.get(rc, "module_address", "")), rc.name, object.get(rc, "index", null)]

# A key may hold dots, brackets and escaped quotes, so the address is never split.
steps(address) := [[found[1], key_in(found[2])] |
	some found in regex.find_all_string_submatch_n(
		`module\.([\w-]+)(\[(?:\d+|"(?:[^"\\]|\\.)*")\])?`,
		address, -1,
	)
]

key_in("") := null

key_in(text) := json.unmarshal(trim_suffix(trim_prefix(text, "["), "]")) if text != ""

bucket_in(reference) := [found[0][1], key_in(found[0][2])] if {
	found := regex.find_all_string_submatch_n(
		`^aws_s3_bucket\.([\w-]+)(\[(?:\d+|"(?:[^"\\]|\\.)*")\])?`,
		reference, 1,
	)
	count(found) == 1
}

# The expressions that a block's bucket may come from: its own, and what that one takes
# from the callers and the outputs of modules. Rego has no recursion; six hops are more
# modules than a value is handed through in practice.
origins(block) := written(block) if not handed(written(block))

origins(block) := hop(hop(hop(hop(hop(hop(written(block))))))) if handed(written(block))

handed(origins) if {
	some origin in origins
	strings.any_prefix_match(origin.references, ["var.", "module."])
}

hop(origins) := (origins | {next | some origin in origins; some next in argument(origin)}) | {next |
	some origin in origins
	some next in output(origin)
}

written(block) := {{"module": module, "key": key, "references": references} |
	[module, name, key] := identity(block)
	resource := declared[[names(module), name]]
	references := sources(resource.expressions.bucket, resource)
}

# The value that the caller gives to a variable.
argument(origin) := {next |
	some reference in heads(origin.references)
	[_, variable] := regex.find_all_string_submatch_n(`^var\.([\w-]+)`, reference, 1)[0]
	depth := count(origin.module)
	depth > 0
	[name, key] := origin.module[depth - 1]
	caller := array.slice(origin.module, 0, depth - 1)
	call := configuration(names(caller)).module_calls[name]
	next := {"module": caller, "key": key, "references": sources(call.expressions[variable], call)}
}

# The value that a module returns.
output(origin) := {next |
	some reference in heads(origin.references)
	[_, name, index, result] := regex.find_all_string_submatch_n(
		`^module\.([\w-]+)(\[(?:\d+|"(?:[^"\\]|\\.)*")\])?\.([\w-]+)`,
		reference, 1,
	)[0]
	module := array.concat(origin.module, [[name, key_in(index)]])
	expression := configuration(names(module)).outputs[result].expression
	next := {"module": module, "key": null, "references": object.get(expression, "references", [])}
}

# each.value stands for what for_each runs over.
sources(expression, around) := array.concat(direct, looped) if {
	direct := object.get(expression, "references", [])
	looped := [reference |
		"each.value" in direct
		some reference in around.for_each_expression.references
	]
}

# Terraform follows each reference by its shorter forms; the longest says it all.
heads(references) := [reference |
	some place, reference in references
	not shortens(references, place)
]

shortens(references, place) if startswith(references[place - 1], concat("", [references[place], "."]))

shortens(references, place) if startswith(references[place - 1], concat("", [references[place], "["]))

declared := {[module, resource.name]: resource |
	some module in {names(identity(block)[0]) | some block in protecting}
	some resource in configuration(module).resources
	resource.type == "aws_s3_bucket_public_access_block"
}

names(module) := [step[0] | some step in module]

configuration(module) := object.get(
	input.configuration.root_module,
	[part | some name in module; some part in ["module_calls", name, "module"]],
	{},
)
