package comply.terraform.baseline.no_public_s3_test

import rego.v1

import data.comply.terraform.baseline.no_public_s3

closed := {flag: true | some flag in no_public_s3.flags}

bucket(module, index, after) := object.union(
	{
		"address": concat("", [module, ".aws_s3_bucket.logs", json.marshal(index)]),
		"module_address": module,
		"type": "aws_s3_bucket",
		"name": "logs",
		"change": {"actions": ["create"], "after": after, "after_unknown": {}},
	},
	{"index": index},
)

block(module, index, after) := object.union(
	bucket(module, index, after),
	{
		"address": concat("", [module, ".block", json.marshal(index)]),
		"type": "aws_s3_bucket_public_access_block",
	},
)

declared(references) := {
	"mode": "managed",
	"type": "aws_s3_bucket_public_access_block",
	"name": "logs",
	"expressions": {"bucket": {"references": references}},
}

plan(changes, root) := {"resource_changes": changes, "configuration": {"root_module": root}}

denied(plan) := {finding.address | some finding in no_public_s3.deny with input as plan}

warned(plan) := {finding.address | some finding in no_public_s3.warn with input as plan}

test_bucket_without_block if {
	denied(plan([bucket("", null, {"bucket": "a"})], {})) == {".aws_s3_bucket.logsnull"}
}

test_name_known_on_both_sides if {
	changes := [
		bucket("", null, {"bucket": "a"}),
		block("", null, object.union(closed, {"bucket": "a"})),
	]
	count(denied(plan(changes, {}))) == 0
}

test_block_for_another_name if {
	changes := [
		bucket("", null, {"bucket": "a"}),
		block("", null, object.union(closed, {"bucket": "b"})),
	]
	count(denied(plan(changes, {}))) == 1
}

test_reference_in_the_root_module if {
	references := ["aws_s3_bucket.logs.id", "aws_s3_bucket.logs"]
	changes := [bucket("", null, {}), block("", null, closed)]
	count(denied(plan(changes, {"resources": [declared(references)]}))) == 0
}

test_reference_to_another_bucket if {
	references := ["aws_s3_bucket.other.id", "aws_s3_bucket.other"]
	other := object.union(bucket("", null, {"bucket": "b"}), {"name": "other", "address": "other"})
	changes := [bucket("", null, {}), other, block("", null, closed)]
	denied(plan(changes, {"resources": [declared(references)]})) == {".aws_s3_bucket.logsnull"}
}

test_for_each_by_key if {
	root := {"resources": [declared(["aws_s3_bucket.logs", "each.key"])]}
	changes := [bucket("", "a.b\"]", {}), bucket("", "c", {}), block("", "a.b\"]", closed)]
	denied(plan(changes, root)) == {".aws_s3_bucket.logs\"c\""}
}

test_for_each_over_the_buckets if {
	over := {"for_each_expression": {"references": ["aws_s3_bucket.logs"]}}
	root := {"resources": [object.union(declared(["each.value.id", "each.value"]), over)]}
	changes := [bucket("", "a", {}), bucket("", "c", {}), block("", "a", closed)]
	denied(plan(changes, root)) == {".aws_s3_bucket.logs\"c\""}
}

test_count_by_index if {
	root := {"resources": [declared(["aws_s3_bucket.logs[1].id", "aws_s3_bucket.logs[1]", "aws_s3_bucket.logs"])]}
	changes := [bucket("", 0, {}), bucket("", 1, {}), block("", null, closed)]
	denied(plan(changes, root)) == {".aws_s3_bucket.logs0"}
}

test_splat_of_the_only_instance if {
	root := {"resources": [declared(["aws_s3_bucket.logs"])]}
	changes := [bucket("", 0, {}), block("", null, closed)]
	count(denied(plan(changes, root))) == 0
}

test_splat_of_two_instances_may_be_either if {
	root := {"resources": [declared(["aws_s3_bucket.logs"])]}
	changes := [bucket("", 0, {}), bucket("", 1, {}), block("", null, closed)]
	count(denied(plan(changes, root))) == 2
}

test_block_in_one_of_two_modules if {
	root := {"module_calls": {"store": {"module": {"resources": [declared([
		"aws_s3_bucket.logs.id",
		"aws_s3_bucket.logs",
	])]}}}}
	changes := [
		bucket(`module.store["x.y"]`, null, {}),
		bucket(`module.store["module.z[0]"]`, null, {}),
		block(`module.store["module.z[0]"]`, null, closed),
	]
	denied(plan(changes, root)) == {`module.store["x.y"].aws_s3_bucket.logsnull`}
}

test_through_a_variable if {
	child := {"resources": [declared(["var.bucket"])]}
	call := {
		"module": child,
		"expressions": {"bucket": {"references": ["aws_s3_bucket.logs", "each.key"]}},
	}
	root := {"module_calls": {"lock": call}}
	changes := [bucket("", "a", {}), bucket("", "b", {}), block(`module.lock["a"]`, null, closed)]
	denied(plan(changes, root)) == {`.aws_s3_bucket.logs"b"`}
}

test_through_an_output_and_a_variable if {
	store := {"module": {"outputs": {"id": {"expression": {"references": [
		"aws_s3_bucket.logs.id",
		"aws_s3_bucket.logs",
	]}}}}}
	lock := {
		"module": {"resources": [declared(["var.bucket"])]},
		"expressions": {"bucket": {"references": ["module.store[1].id", "module.store[1]", "module.store"]}},
	}
	root := {"module_calls": {"store": store, "lock": lock}}
	changes := [
		bucket("module.store[0]", null, {}),
		bucket("module.store[1]", null, {}),
		block("module.lock", null, closed),
	]
	denied(plan(changes, root)) == {"module.store[0].aws_s3_bucket.logsnull"}
}

test_open_flags_are_named if {
	after := object.union(closed, {"bucket": "a", "ignore_public_acls": false, "block_public_acls": null})
	changes := [bucket("", null, {"bucket": "a"}), block("", null, after)]
	messages := {finding.msg | some finding in no_public_s3.deny with input as plan(changes, {})}
	messages == {"public access block .blocknull leaves open: block_public_acls, ignore_public_acls"}
}

test_flag_known_after_apply if {
	after := object.union(object.remove(closed, ["ignore_public_acls"]), {"bucket": "a"})
	unknown := {"change": {"after_unknown": {"ignore_public_acls": true}}}
	changes := [bucket("", null, {"bucket": "a"}), object.union(block("", null, after), unknown)]
	count(denied(plan(changes, {}))) == 0
	warned(plan(changes, {})) == {".blocknull"}
}

test_untraceable_block_is_a_warning if {
	changes := [bucket("", null, {}), block("", null, closed)]
	root := {"resources": [declared(["local.bucket"])]}
	count(denied(plan(changes, root))) == 0
	warned(plan(changes, root)) == {".aws_s3_bucket.logsnull"}
}

test_too_few_untraceable_blocks_is_denied if {
	changes := [bucket("", 0, {}), bucket("", 1, {}), block("", null, closed)]
	count(denied({"resource_changes": changes})) == 2
}

test_block_destroyed_under_an_unchanged_bucket if {
	kept := {"change": {"actions": ["no-op"]}}
	gone := {"change": {"actions": ["delete"], "before": {"bucket": "a"}, "after": null}}
	changes := [
		object.union(bucket("", null, {"bucket": "a"}), kept),
		object.union(block("", null, closed), gone),
	]
	denied(plan(changes, {})) == {".aws_s3_bucket.logsnull"}
}

test_replaced_bucket if {
	replaced := {"change": {"actions": ["delete", "create"]}}
	count(denied(plan([object.union(bucket("", null, {}), replaced)], {}))) == 1
}

test_bucket_that_is_read_or_destroyed if {
	read := {"mode": "data", "change": {"actions": ["read"]}}
	gone := {"change": {"actions": ["delete"], "after": null}}
	changes := [object.union(bucket("", null, {}), read), object.union(bucket("", 1, {}), gone)]
	count(denied(plan(changes, {}))) == 0
}
