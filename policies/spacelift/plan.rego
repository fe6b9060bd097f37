# A plan policy for Spacelift that decides by what comply found in the same run.
#
# `comply check --spacelift`, an after_plan hook, leaves its report where this policy
# gets to see it. A report that is absent, of another run, another commit or another
# plan, or that is not what comply writes, is refused: the run fails.
#
# Attach it as type PLAN with engine_type REGO_V1. It reads reports of schema_version 1.
package spacelift

# A stack with this label is only advised: what comply denies is a warning there. What
# is refused, or could not be checked, fails the run all the same.
advisory_label := "comply:advisory"

# Comments of the configuration may hold exceptions, and who opens a pull request writes
# them. A stack with this label is warned of what they allow, so that somebody looks.
review_label := "comply:review-comments"

# How many findings are named, the worst first. All of them stand in the run's log.
most_named := 100

# The actions by which a report's plan is told from another.
telling_actions := {"create", "update", "delete"}

severities := {"info", "low", "medium", "high", "critical"}

statuses := {"violation", "warning", "undetermined", "exempt", "error"}

decisions := {"deny", "warn", "none"}

report := object.get(input, ["third_party_metadata", "custom", "comply"], null)

deny contains message if {
	some reason in refused
	message := sprintf("comply: %s", [reason])
}

deny contains sentence(finding) if {
	some finding in named
	finding.decision == "deny"
	fails_run(finding)
}

deny contains message if {
	not advisory
	message := unnamed("deny", "denied")
}

warn contains sentence(finding) if {
	some finding in named
	finding.decision == "deny"
	not fails_run(finding)
}

warn contains sentence(finding) if {
	some finding in named
	finding.decision == "warn"
}

warn contains sentence(finding) if {
	review_label in input.spacelift.stack.labels
	some finding in named
	finding.status == "exempt"
	finding.exemption.inline
}

warn contains message if {
	advisory
	message := unnamed("deny", "denied")
}

warn contains message if message := unnamed("warn", "warned of")

# Why the report is not taken at its word.

refused contains reason if {
	report == null
	reason := "there is no report: `comply check --spacelift` must run in after_plan, in the project root"
}

refused contains reason if {
	report != null
	not known_version
	reason := "the report has a schema_version that this policy does not know: print the policy anew with `comply spacelift policy`"
}

refused contains reason if {
	known_version
	not well_formed
	reason := "the report is not what comply writes"
}

refused contains reason if {
	well_formed
	not of_this_run
	reason := sprintf("the report is of run %q, not of this one: it is old, or forged", [report.run.id])
}

refused contains reason if {
	well_formed
	not of_this_commit
	reason := sprintf("the report is of commit %q, not of this one: it is old, or forged", [report.run.commit])
}

refused contains reason if {
	well_formed
	not of_this_plan
	reason := sprintf(
		"the report is of another plan: it creates, updates or deletes %d resources, this one %d, or others",
		[report.plan.changes, count(changes)],
	)
}

known_version if report.schema_version == 1

well_formed if {
	known_version
	is_string(report.run.id)
	is_string(report.run.commit)
	is_number(report.plan.changes)
	is_string(report.plan.changes_sha256)
	is_number(report.summary.deny)
	is_number(report.summary.warn)
	is_array(report.findings)
	every finding in report.findings {
		well_formed_finding(finding)
	}
}

well_formed_finding(finding) if {
	is_string(finding.rule_id)
	is_string(finding.fact)
	is_string(finding.message)
	severities[finding.severity]
	statuses[finding.status]
	decisions[finding.decision]
}

of_this_run if {
	report.run.id != ""
	report.run.id == input.spacelift.run.id
}

of_this_commit if {
	report.run.commit != ""
	report.run.commit == input.spacelift.commit.hash
}

of_this_plan if report.plan.changes_sha256 == crypto.sha256(concat("\n", sort(changes)))

# An address with its actions, such as `aws_s3_bucket.logs create,delete`.
changes contains change if {
	some resource in input.terraform.resource_changes
	some action in resource.change.actions
	telling_actions[action]
	change := sprintf("%s %s", [resource.address, concat(",", sort(resource.change.actions))])
}

# What a report that is taken at its word says.

trusted if {
	well_formed
	count(refused) == 0
}

advisory if advisory_label in input.spacelift.stack.labels

named contains finding if {
	trusted
	some i, finding in report.findings
	i < most_named
}

# What could not be checked is never only advised.
fails_run(finding) if finding.status == "error"

fails_run(_) if not advisory

unnamed(decision, word) := message if {
	trusted
	listed := [i | some i, finding in report.findings; i < most_named; finding.decision == decision]
	more := report.summary[decision] - count(listed)
	more > 0
	message := sprintf("comply: %d more findings are %s: see the run's log", [more, word])
}

sentence(finding) := sprintf("%s%s (%s, %s)", [
	prefix(finding),
	finding.message,
	finding.severity,
	finding.rule_id,
])

prefix(finding) := sprintf("could not be checked: %s", [about(finding)]) if {
	finding.status == "error"
} else := sprintf("allowed by the comment at %s: %s", [finding.exemption.place, about(finding)]) if {
	finding.status == "exempt"
} else := about(finding)

about(finding) := sprintf("%s: ", [finding.fact]) if {
	finding.fact != ""
	not contains(finding.message, finding.fact)
} else := ""
