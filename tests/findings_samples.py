"""Findings of every status, for the tests of reports."""

from comply.findings import Exemption, Finding, Severity, Status
from comply.report.run import Run
from comply.source import Span

DATABASE = Finding(
    rule_id="terraform/baseline/no-public-rds",
    title="Databases are private",
    severity=Severity.CRITICAL,
    status=Status.VIOLATION,
    message="The database accepts connections from the internet.",
    fact="aws_db_instance.orders",
    span=Span("demo/plan.json", 31, 5),
    remediation="Set publicly_accessible to false.",
)
BUCKET = Finding(
    rule_id="terraform/baseline/required-tags",
    title="Resources carry the required tags",
    severity=Severity.MEDIUM,
    status=Status.WARNING,
    message="Tags are missing: Owner",
    fact='module.store["eu.west"].aws_s3_bucket.exports',
    span=Span("demo/plan.json", 71, 5),
    remediation="Add the tags.",
)
CONTAINER = Finding(
    rule_id="kubernetes/baseline/no-privileged-containers",
    title="No privileged containers",
    severity=Severity.HIGH,
    status=Status.VIOLATION,
    message="Container web runs privileged",
    fact="apps/v1/Deployment/shop/web",
    span=Span("demo/web.yaml", 19, 15, 10, "      securityContext: {privileged: yes}"),
)
TICKET = Finding(
    rule_id="oracle/sla/ticket-needs-active-sla",
    title="Tickets need an active agreement",
    severity=Severity.LOW,
    status=Status.VIOLATION,
    message="ORA-08601: the assertion is violated",
    fact="tickets",
    span=Span("demo/load.sql", 12, 1, 6, "INSERT INTO tickets VALUES (9);"),
    evidence=tuple({"customer_id": n, "note": None} for n in range(7)),
)
UNKNOWN = Finding(
    rule_id="terraform/baseline/no-public-rds",
    title="Databases are private",
    severity=Severity.CRITICAL,
    status=Status.UNDETERMINED,
    message="publicly_accessible is known only after apply",
    fact="aws_db_instance.replica",
    span=Span("demo/plan.json", 131, 5),
)
EXEMPT = Finding(
    rule_id="terraform/cost/expensive-instances",
    title="Instances are affordable",
    severity=Severity.INFO,
    status=Status.EXEMPT,
    message="aws_instance.batch costs more than 500 a month",
    fact="aws_instance.batch",
    span=Span("demo/plan.json", 7, 5),
    exemption=Exemption(
        "the nightly batch needs the memory",
        owner="platform team",
        until="2027-01-01",
        place="comply.yaml:12",
    ),
)
BROKEN = Finding(
    rule_id="acme/broken",
    title="Rule could not be evaluated",
    severity=Severity.HIGH,
    status=Status.ERROR,
    message="eval_conflict_error: complete rules must not produce multiple outputs",
)
ALL = [BROKEN, TICKET, EXEMPT, DATABASE, BUCKET, UNKNOWN, CONTAINER]
RUN = Run(
    version="1.2.3",
    documents=3,
    facts=1212,
    rules=1,
    packs=("terraform/baseline",),
    notices=("2 templates were not checked",),
    seconds=0.1234,
)
