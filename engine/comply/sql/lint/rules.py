"""The rules of the lint: what Oracle refuses, with its number, and what is unwise.

Numbers as published for 23.26.1; 8689 ("CREATE ASSERTION failed") stands for a refusal
whose own number nobody has published, 0 for text that is no assertion at all.
https://docs.oracle.com/en/database/oracle/oracle-database/26/sqlrf/create-assertion.html
"""

from typing import Final, Literal, TypeAlias

from comply.classes import dataclass

Need: TypeAlias = Literal["", "schema"]


@dataclass(frozen=True, slots=True)
class LintRule:
    """One rule; `code` is Oracle's number, None for advice.

    `fixable` tells whether --fix may rewrite it, `needs` what it cannot do without.
    """

    id: str
    code: int | None
    title: str
    remedy: str
    fixable: bool = False
    needs: Need = ""

    @property
    def oracle(self) -> str:
        """The code as Oracle prints it, empty for advice and plain syntax."""
        return f"ORA-{self.code:05d}" if self.code else ""


_EXISTS: Final = "Write the condition with [NOT] EXISTS or [NOT] IN."
_JOIN: Final = "List the tables with commas and put the conditions into WHERE."
_TABLES: Final = "Name the tables themselves."
_INNER: Final = "Say which rows must, or must not, be there with [NOT] EXISTS."

RULES: Final = (
    # The statement
    LintRule("syntax", 0, "Not the text of an assertion", "Write it as documented."),
    LintRule(
        "body-parentheses",
        0,
        "Parentheses around the whole condition",
        "CHECK takes [NOT] EXISTS (..) or ALL (..) alias SATISFY (..) as it is.",
        fixable=True,
    ),
    LintRule(
        "satisfy-parentheses",
        0,
        "No parentheses behind SATISFY",
        "Write SATISFY (condition).",
        fixable=True,
    ),
    LintRule(
        "satisfy-alias",
        None,
        "No alias between ALL (..) and SATISFY, or one with AS",
        "Name the rows of ALL (..): the alias is documented as needed, though 23.26.1 has"
        " been seen to do without.",
        fixable=True,
    ),
    LintRule(
        "count-comparison",
        8661,
        "A count compared in place of EXISTS",
        "Ask with [NOT] EXISTS whether there are rows.",
        fixable=True,
    ),
    LintRule(
        "state-words",
        0,
        "Words that an assertion's state does not know",
        "Leave the words of constraints out.",
        fixable=True,
    ),
    LintRule(
        "state-conflict",
        0,
        "States that exclude each other",
        "Keep one of them.",
    ),
    LintRule(
        "disable-validate",
        8701,
        "DISABLE VALIDATE",
        "Use ENABLE VALIDATE, ENABLE NOVALIDATE or DISABLE NOVALIDATE.",
    ),
    LintRule(
        "too-long",
        8727,
        "A statement longer than 4,096 bytes",
        "Split the assertion, or shorten names, blanks and comments.",
    ),
    LintRule(
        "name-taken",
        955,
        "A name that is taken",
        "Constraints and assertions of a schema share their names: choose another.",
    ),
    LintRule(
        "constraint-takes-name",
        8721,
        "A constraint that takes an assertion's name",
        "Name the constraint or the assertion differently.",
        needs="schema",
    ),
    LintRule(
        "drop-words",
        0,
        "Words behind DROP ASSERTION name",
        "DROP ASSERTION [IF EXISTS] name is all there is.",
        fixable=True,
    ),
    # Query blocks
    LintRule(
        "nesting",
        8712,
        "More than three levels of query blocks",
        "Merge a block with the one around it, or split the assertion.",
    ),
    LintRule("aggregate", 8661, "An aggregate function", _INNER),
    LintRule("analytic", 8689, "An analytic function", _INNER),
    LintRule("group-by", 8689, "GROUP BY or HAVING", _INNER),
    LintRule(
        "set-operator",
        8689,
        "UNION, INTERSECT, MINUS or EXCEPT",
        "Make an assertion of each part, or join the conditions with OR.",
    ),
    LintRule("with-clause", 8689, "WITH", "Write the query where it is used."),
    LintRule(
        "hierarchical",
        8689,
        "CONNECT BY",
        "A hierarchy has no bound; check its edges, level by level.",
    ),
    LintRule("row-limit", 8689, "FETCH FIRST or OFFSET", "Leave it out."),
    LintRule("for-update", 8689, "FOR UPDATE", "Leave it out.", fixable=True),
    LintRule(
        "scalar-subquery",
        8689,
        "A subquery in place of a value",
        _EXISTS,
    ),
    LintRule(
        "inline-view",
        None,
        "A subquery in FROM, of which nobody has said whether Oracle takes it",
        _TABLES,
    ),
    # What stands in FROM
    LintRule("ansi-join", 8735, "JOIN .. ON", _JOIN, fixable=True),
    LintRule("join-using", 8697, "JOIN .. USING", _JOIN, fixable=True),
    LintRule("natural-join", 8689, "NATURAL JOIN", _JOIN),
    LintRule("cross-join", 8689, "CROSS JOIN", _JOIN, fixable=True),
    LintRule("outer-join", 8689, "An outer join", _INNER),
    LintRule("apply", 8689, "APPLY or LATERAL", _JOIN),
    LintRule(
        "table-function",
        8689,
        "Rows that come from a function",
        _TABLES,
    ),
    LintRule(
        "table-clause",
        8689,
        "A clause behind a table: SAMPLE, PARTITION, PIVOT, MODEL, AS OF ..",
        "Name the table alone.",
    ),
    LintRule(
        "alias-as",
        0,
        "AS before a table's alias",
        "Write the alias alone.",
        fixable=True,
    ),
    LintRule("database-link", 8689, "A table of another database", _TABLES),
    LintRule(
        "no-such-table", 942, "A table that does not exist", _TABLES, needs="schema"
    ),
    LintRule(
        "no-such-column",
        904,
        "A column that does not exist",
        "Correct the name.",
        needs="schema",
    ),
    LintRule(
        "ambiguous-column",
        918,
        "A column of more than one table",
        "Write the table's name or alias before it.",
        needs="schema",
    ),
    LintRule(
        "unlisted-column",
        904,
        "A column that ALL (..) does not list",
        "Add it to what the query lists.",
        fixable=True,
    ),
    LintRule("view", 8689, "A view", _TABLES, needs="schema"),
    LintRule("synonym", 8689, "A synonym", _TABLES, needs="schema"),
    LintRule("temporary-table", 8689, "A temporary table", _TABLES, needs="schema"),
    LintRule("external-table", 8689, "An external table", _TABLES, needs="schema"),
    # Columns and expressions
    LintRule(
        "virtual-column",
        8689,
        "A virtual column",
        "Write its expression.",
        needs="schema",
    ),
    LintRule(
        "column-type",
        8689,
        "A column of a type that assertions do not take",
        "Use columns of numbers, text, dates, intervals or RAW.",
        needs="schema",
    ),
    LintRule(
        "session-function",
        8677,
        "A value that depends on the session or the clock",
        "Compare columns with each other or with literals.",
    ),
    LintRule(
        "user-function",
        8689,
        "A function of PL/SQL or C",
        "Use functions of SQL; DETERMINISTIC does not help.",
    ),
    LintRule(
        "quantified-comparison",
        8689,
        "A comparison with ANY, SOME or ALL",
        _EXISTS,
    ),
    LintRule(
        "bind-variable",
        1027,
        "A bind variable",
        "Write the value itself.",
    ),
    LintRule(
        "nullable-join",
        8673,
        "An equijoin on a column that may be NULL",
        "Declare the column NOT NULL, or add `column IS NOT NULL` to the block.",
        fixable=True,
        needs="schema",
    ),
    LintRule(
        "column-references",
        8726,
        "More than 32 references to columns of one table",
        "Split the assertion: each comparison and each value of IN counts.",
    ),
    # Advice
    LintRule(
        "undocumented",
        None,
        "A clause of which nobody has said whether Oracle takes it",
        "DISTINCT and ORDER BY change nothing inside EXISTS: leave them out.",
        fixable=True,
    ),
    LintRule(
        "state-order",
        None,
        "State words in another order than the documented",
        "[NOT] DEFERRABLE, INITIALLY .., ENABLE or DISABLE, [NO]VALIDATE.",
        fixable=True,
    ),
    LintRule(
        "no-join-column",
        None,
        "Tables related without an equality of columns",
        "Relate them by `=` on a key as well: without it writers wait for each other on"
        " the whole table.",
    ),
    LintRule(
        "unindexed-join",
        None,
        "A join column without an index",
        "Create an index that begins with the column: each change looks rows up by it.",
        needs="schema",
    ),
    LintRule(
        "never-fails",
        None,
        "An assertion that cannot be violated",
        "Look for conditions that exclude each other.",
    ),
    LintRule(
        "always-fails",
        None,
        "An assertion that every row violates, or that nothing satisfies",
        "Look for a condition that is missing or the wrong way round.",
    ),
    LintRule(
        "repeats-constraint",
        None,
        "An assertion that a constraint implies",
        "Drop the assertion: the constraint is cheaper.",
        needs="schema",
    ),
    LintRule(
        "repeats-assertion",
        None,
        "An assertion that says what another says",
        "Drop one of the two.",
    ),
)

BY_ID: Final = {rule.id: rule for rule in RULES}
"""The rules by id."""
