# A plan policy for Spacelift that decides by what comply found in the same run.
#
# `comply check --spacelift`, an after_plan hook, leaves its report where this policy
# gets to see it. A report that is absent, of another run, another commit or another
# plan, or that is not what comply writes, is refused: the run fails.
#
# Attach it as type PLAN with engine_type REGO_V0. It reads reports of schema_version 1.
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

deny[message] {
	reason := refused[_]
	message := sprintf("comply: %s", [reason])
}

deny[message] {
	finding := named[_]
	finding.decision == "deny"
	fails_run(finding)
	message := sentence(finding)
}

deny[message] {
	not advisory
	message := unnamed("deny", "denied")
}

warn[message] {
	finding := named[_]
	finding.decision == "deny"
	not fails_run(finding)
	message := sentence(finding)
}

warn[message] {
	finding := named[_]
	finding.decision == "warn"
	message := sentence(finding)
}

warn[message] {
	input.spacelift.stack.labels[_] == review_label
	finding := named[_]
	finding.status == "exempt"
	finding.exemption.inline
	message := sentence(finding)
}

warn[message] {
	advisory
	message := unnamed("deny", "denied")
}

warn[message] {
	message := unnamed("warn", "warned of")
}

# Why the report is not taken at its word.

refused[reason] {
	report == null
	reason := "there is no report: `comply check --spacelift` must run in after_plan, in the project root"
}

refused[reason] {
	report != null
	not known_version
	reason := "the report has a schema_version that this policy does not know: print the policy anew with `comply spacelift policy`"
}

refused[reason] {
	known_version
	not well_formed
	reason := "the report is not what comply writes"
}

refused[reason] {
	well_formed
	not of_this_run
	reason := sprintf("the report is of run %q, not of this one: it is old, or forged", [report.run.id])
}

refused[reason] {
	well_formed
	not of_this_commit
	reason := sprintf("the report is of commit %q, not of this one: it is old, or forged", [report.run.commit])
}

refused[reason] {
	well_formed
	not of_this_plan
	reason := sprintf(
		"the report is of another plan: it creates, updates or deletes %d resources, this one %d, or others",
		[report.plan.changes, count(changes)],
	)
}

known_version {
	report.schema_version == 1
}

well_formed {
	known_version
	is_string(report.run.id)
	is_string(report.run.commit)
	is_number(report.plan.changes)
	is_string(report.plan.changes_sha256)
	is_number(report.summary.deny)
	is_number(report.summary.warn)
	is_array(report.findings)
	not some_ill_formed
}

some_ill_formed {
	finding := report.findings[_]
	not well_formed_finding(finding)
}

well_formed_finding(finding) {
	is_string(finding.rule_id)
	is_string(finding.fact)
	is_string(finding.message)
	severities[finding.severity]
	statuses[finding.status]
	decisions[finding.decision]
}

of_this_run {
	report.run.id != ""
	report.run.id == input.spacelift.run.id
}

of_this_commit {
	report.run.commit != ""
	report.run.commit == input.spacelift.commit.hash
}

of_this_plan {
	report.plan.changes_sha256 == crypto.sha256(concat("\n", sort(changes)))
}

# An address with its actions, such as `aws_s3_bucket.logs create,delete`.
changes[change] {
	resource := input.terraform.resource_changes[_]
	telling_actions[resource.change.actions[_]]
	change := sprintf("%s %s", [resource.address, concat(",", sort(resource.change.actions))])
}

# What a report that is taken at its word says.

trusted {
	well_formed
	count(refused) == 0
}

advisory {
	input.spacelift.stack.labels[_] == advisory_label
}

named[finding] {
	trusted
	finding := report.findings[i]
	i < most_named
}

# What could not be checked is never only advised.
fails_run(finding) {
	finding.status == "error"
}

fails_run(_) {
	not advisory
}

unnamed(decision, word) = message {
	trusted
	listed := [i | report.findings[i].decision == decision; i < most_named]
	more := report.summary[decision] - count(listed)
	more > 0
	message := sprintf("comply: %d more findings are %s: see the run's log", [more, word])
}

sentence(finding) = sprintf("%s%s (%s, %s)", [
	prefix(finding),
	finding.message,
	finding.severity,
	finding.rule_id,
])

prefix(finding) = sprintf("could not be checked: %s", [about(finding)]) {
	finding.status == "error"
} else = sprintf("allowed by the comment at %s: %s", [finding.exemption.place, about(finding)]) {
	finding.status == "exempt"
} else = about(finding)

about(finding) = sprintf("%s: ", [finding.fact]) {
	finding.fact != ""
	not contains(finding.message, finding.fact)
} else = ""
