# Tests of plan.rego and plan_v0.rego:
#
#     comply test plan.rego plan_test.rego
#     comply test plan_v0.rego plan_test.rego
package spacelift_test

import rego.v1

import data.spacelift

run := {
	"run": {"id": "01RUN", "type": "PROPOSED"},
	"commit": {"hash": "c0ffee"},
	"stack": {"labels": ["team:data"]},
}

resources := [
	{"address": "a.one", "change": {"actions": ["create"]}},
	{"address": "a.two", "change": {"actions": ["delete", "create"]}},
	{"address": "a.kept", "change": {"actions": ["no-op"]}},
	{"address": "data.a.read", "change": {"actions": ["read"]}},
]

report := {
	"schema_version": 1,
	"run": {"id": "01RUN", "commit": "c0ffee", "stack": "s"},
	"plan": {
		"changes": 2,
		"changes_sha256": crypto.sha256("a.one create\na.two create,delete"),
	},
	"summary": {"deny": 0, "warn": 0, "none": 0},
	"findings": [],
}

high := {
	"decision": "deny",
	"rule_id": "r/public",
	"severity": "high",
	"status": "violation",
	"message": "a.one is public",
	"fact": "a.one",
}

low := {
	"decision": "warn",
	"rule_id": "r/tags",
	"severity": "low",
	"status": "violation",
	"message": "no tags",
	"fact": "a.two",
}

failed := {
	"decision": "deny",
	"rule_id": "r/broken",
	"severity": "high",
	"status": "error",
	"message": "division by zero",
	"fact": "",
}

allowed := object.union(high, {
	"decision": "none",
	"status": "exempt",
	"exemption": {"reason": "web", "place": "main.tf:7", "inline": true},
})

given(custom) := {
	"terraform": {"resource_changes": resources},
	"spacelift": run,
	"third_party_metadata": {"custom": custom},
}

with_report(patch) := given({"comply": object.union(report, patch)})

found(findings) := with_report({
	"findings": findings,
	"summary": {
		"deny": count([f | some f in findings; f.decision == "deny"]),
		"warn": count([f | some f in findings; f.decision == "warn"]),
	},
})

labelled(document, label) := object.union(
	document,
	{"spacelift": {"stack": {"labels": [label]}}},
)

advised(document) := labelled(document, "comply:advisory")

reviewed(document) := labelled(document, "comply:review-comments")

# The one reason for which a report is refused begins with these words.
refuses(start) if {
	spacelift.warn == set()
	count(spacelift.deny) == 1
	some message in spacelift.deny
	startswith(message, sprintf("comply: %s", [start]))
}

test_nothing_found_passes if {
	spacelift.deny == set() with input as found([])
	spacelift.warn == set() with input as found([])
}

test_denied_and_warned if {
	spacelift.deny == {"a.one is public (high, r/public)"} with input as found([high, low])
	spacelift.warn == {"a.two: no tags (low, r/tags)"} with input as found([high, low])
}

test_exempt_is_silent if {
	spacelift.deny == set() with input as found([allowed])
	spacelift.warn == set() with input as found([allowed])
}

test_exempt_by_a_comment_is_warned_of_where_comments_are_reviewed if {
	elsewhere := object.union(allowed, {"exemption": {"inline": false}})
	spacelift.deny == set() with input as reviewed(found([allowed]))
	spacelift.warn == {"allowed by the comment at main.tf:7: a.one is public (high, r/public)"} with input as reviewed(found([allowed]))
	spacelift.warn == set() with input as reviewed(found([elsewhere]))
	spacelift.warn == set() with input as reviewed(found([]))
	count(spacelift.deny) == 1 with input as reviewed(found([high]))
}

test_undetermined_is_what_comply_decided if {
	warned := object.union(low, {"status": "undetermined"})
	denied := object.union(high, {"status": "undetermined"})
	count(spacelift.warn) == 1 with input as found([warned])
	count(spacelift.deny) == 1 with input as found([denied])
}

test_error_is_denied if {
	spacelift.deny == {"could not be checked: division by zero (high, r/broken)"} with input as found([failed])
}

test_advisory_stack_is_only_warned if {
	spacelift.deny == set() with input as advised(found([high, low]))
	count(spacelift.warn) == 2 with input as advised(found([high, low]))
}

test_advisory_stack_is_denied_what_could_not_be_checked if {
	spacelift.deny == {"could not be checked: division by zero (high, r/broken)"} with input as advised(found([failed, high]))
	spacelift.warn == {"a.one is public (high, r/public)"} with input as advised(found([failed, high]))
}

test_advisory_stack_refuses_a_forged_report if {
	refuses("the report is of run") with input as advised(with_report({"run": {"id": "01OLD"}}))
}

test_what_is_not_named_is_counted if {
	many := [object.union(high, {"message": sprintf("m%d", [i])}) | some i in numbers.range(1, 103)]
	count(spacelift.deny) == 101 with input as found(many)
	spacelift.deny["comply: 3 more findings are denied: see the run's log"] with input as found(many)
	spacelift.warn["comply: 3 more findings are denied: see the run's log"] with input as advised(found(many))
	spacelift.deny == set() with input as advised(found(many))
}

test_what_was_left_out_of_the_file_is_counted if {
	cut := with_report({"summary": {"deny": 4, "warn": 2}})
	spacelift.deny == {"comply: 4 more findings are denied: see the run's log"} with input as cut
	spacelift.warn == {"comply: 2 more findings are warned of: see the run's log"} with input as cut
}

test_no_report[note] if {
	some note, document in {
		"no custom input": given({}),
		"no metadata": {"terraform": {"resource_changes": resources}, "spacelift": run},
		"null": given({"comply": null}),
		"no input": {},
	}
	refuses("there is no report") with input as document
}

test_another_schema_version[note] if {
	some note, value in {
		"newer": {"schema_version": 2},
		"none": {},
		"a string": "comply",
		"a list": [1],
		"false": false,
		"a number": 1,
	}
	refuses("the report has a schema_version") with input as given({"comply": value})
}

test_malformed[note] if {
	some note, patch in {
		"run": {"run": "01RUN"},
		"run id": {"run": {"id": 1}},
		"commit": {"run": {"commit": null}},
		"changes": {"plan": {"changes": "2"}},
		"digest": {"plan": {"changes_sha256": ["x"]}},
		"no denials counted": {"summary": {"deny": "0"}},
		"no warnings counted": {"summary": {"warn": null}},
		"findings": {"findings": {}},
		"a finding": {"findings": ["a.one"]},
		"a decision": {"findings": [object.union(high, {"decision": "allow"})]},
		"a status": {"findings": [object.union(high, {"status": "passed"})]},
		"a severity": {"findings": [low, object.union(high, {"severity": "none"})]},
		"a message": {"findings": [object.remove(high, ["message"])]},
		"a fact": {"findings": [object.union(high, {"fact": null})]},
		"a rule": {"findings": [object.union(high, {"rule_id": 1})]},
	}
	refuses("the report is not what comply writes") with input as with_report(patch)
}

test_of_another_run[note] if {
	some note, id in {"old": "01OLD", "empty": ""}
	refuses("the report is of run") with input as with_report({"run": {"id": id}})
}

test_of_another_commit if {
	refuses("the report is of commit") with input as with_report({"run": {"commit": "bad"}})
}

test_of_a_run_that_is_not_known if {
	document := object.remove(with_report({}), ["spacelift"])
	count(spacelift.deny) == 2 with input as document
}

test_of_another_plan[note] if {
	some note, changes in {
		"one more": array.concat(resources, [{"address": "a.new", "change": {"actions": ["update"]}}]),
		"one less": array.slice(resources, 1, 4),
		"another action": array.concat(
			[{"address": "a.one", "change": {"actions": ["delete"]}}],
			array.slice(resources, 1, 4),
		),
		"none": [],
	}
	document := object.union(found([high]), {"terraform": {"resource_changes": changes}})
	refuses("the report is of another plan") with input as document
}

test_of_the_plan_in_another_order if {
	turned := [resources[3], {"address": "a.two", "change": {"actions": ["create", "delete"]}}, resources[0]]
	document := object.union(found([]), {"terraform": {"resource_changes": turned}})
	spacelift.deny == set() with input as document
}

test_of_a_plan_that_changes_nothing if {
	patch := {"plan": {"changes": 0, "changes_sha256": crypto.sha256("")}}
	document := object.union(with_report(patch), {"terraform": {"resource_changes": []}})
	spacelift.deny == set() with input as document
}
