"""What conditions are made of: functions, session values, binds, ANY and ALL."""

from collections.abc import Iterator
from typing import Final

from comply.sql.lint.clauses import AGGREGATES
from comply.sql.lint.outline import Outline
from comply.sql.lint.problem import Problem, Subject

_SESSION: Final = frozenset(
    (  # noqa: SIM905  (a word a line reads worse)
        "SYSDATE SYSTIMESTAMP SYS_CONTEXT USERENV USER CURRENT_SCHEMA CURRENT_USER"
        " SESSION_USER CURRENT_DATE CURRENT_TIMESTAMP LOCALTIMESTAMP SESSIONTIMEZONE"
        " DBTIMEZONE SYS_GUID UID UUID ORA_INVOKING_USER ORA_INVOKING_USERID"
    ).split()
)
_CALLED: Final = frozenset(("SYS_CONTEXT", "USERENV", "SYS_GUID", "UUID"))
_KEYWORDS: Final = frozenset(
    (  # noqa: SIM905  (a word a line reads worse)
        "ALL AND ANY AS BETWEEN BY CASE CHECK DISTINCT ELSE EXISTS FROM HAVING IN INNER"
        " INTERSECT IS JOIN LATERAL APPLY LIKE MINUS EXCEPT MEMBER MULTISET NOT OF ON"
        " OR ORDER OVER PARTITION PRIOR SATISFY SELECT SOME THEN UNION UNIQUE USING"
        " VALUES WHEN WHERE WITH WITHIN KEEP FILTER CONNECT START ESCAPE INTERVAL"
    ).split()
)
# The types that may stand before a parenthesis, in CAST (x AS VARCHAR2(10)).
_TYPES: Final = frozenset(
    (  # noqa: SIM905  (a word a line reads worse)
        "CHAR DECIMAL FLOAT NCHAR NUMBER NUMERIC NVARCHAR2 RAW TIMESTAMP VARCHAR"
        " VARCHAR2 DAY SECOND YEAR"
    ).split()
)
# https://docs.oracle.com/en/database/oracle/oracle-database/26/sqlrf/Functions.html
_BUILT_IN: Final = frozenset(
    (  # noqa: SIM905  (a word a line reads worse)
        "ABS ACOS ADD_MONTHS ASCII ASCIISTR ASIN ATAN ATAN2 BFILENAME BIN_TO_NUM BITAND"
        " BITOR BITXOR BITNOT CARDINALITY CAST CEIL CEILING CHARTOROWID CHR"
        " CLUSTER_ID COALESCE COLLATION COMPOSE CONCAT CONVERT COS COSH DECODE DECOMPOSE"
        " DUMP EMPTY_BLOB EMPTY_CLOB EXP EXTRACT FLOOR FROM_TZ GREATEST HEXTORAW"
        " INITCAP INSTR INSTR2 INSTR4 INSTRB INSTRC JSON JSON_ARRAY JSON_EQUAL"
        " JSON_EXISTS JSON_OBJECT JSON_QUERY JSON_SCALAR JSON_SERIALIZE JSON_TRANSFORM"
        " JSON_VALUE LAST_DAY LEAST LENGTH LENGTH2 LENGTH4 LENGTHB LENGTHC LN LNNVL LOG"
        " LOWER LPAD LTRIM MOD MONTHS_BETWEEN NANVL NCHR NEW_TIME NEXT_DAY"
        " NLS_CHARSET_DECL_LEN NLS_CHARSET_ID NLS_CHARSET_NAME NLS_COLLATION_ID"
        " NLS_COLLATION_NAME NLS_INITCAP NLS_LOWER NLS_UPPER NLSSORT NULLIF"
        " NUMTODSINTERVAL NUMTOYMINTERVAL NVL NVL2 ORA_HASH OVERLAPS POWER RAWTOHEX"
        " RAWTONHEX REGEXP_COUNT REGEXP_INSTR REGEXP_LIKE REGEXP_REPLACE REGEXP_SUBSTR"
        " REMAINDER REPLACE ROUND ROWIDTOCHAR ROWIDTONCHAR RPAD RTRIM SCN_TO_TIMESTAMP"
        " SIGN SIN SINH SOUNDEX SQRT STANDARD_HASH SUBSTR SUBSTR2 SUBSTR4 SUBSTRB"
        " SUBSTRC SYS_EXTRACT_UTC SYS_OP_MAP_NONNULL TAN TANH TIMESTAMP_TO_SCN"
        " TO_APPROX_COUNT_DISTINCT TO_BINARY_DOUBLE TO_BINARY_FLOAT TO_BLOB TO_BOOLEAN"
        " TO_CHAR TO_CLOB TO_DATE TO_DSINTERVAL TO_LOB TO_MULTI_BYTE TO_NCHAR TO_NCLOB"
        " TO_NUMBER TO_SINGLE_BYTE TO_TIMESTAMP TO_TIMESTAMP_TZ TO_UTC_TIMESTAMP_TZ"
        " TO_VECTOR TO_YMINTERVAL TRANSLATE TREAT TRIM TRUNC TZ_OFFSET UNISTR UPPER"
        " VALIDATE_CONVERSION VECTOR_DISTANCE VSIZE WIDTH_BUCKET XMLCAST XMLELEMENT"
        " XMLEXISTS XMLQUERY"
    ).split()
)
_COMPARISONS: Final = frozenset(("=", "<", ">", "<=", ">=", "<>", "!=", "^=", "~="))


def session_values(subject: Subject) -> Iterator[Problem]:
    """Find values that differ from session to session or from moment to moment."""
    lines = subject.outline
    for at, token in enumerate(lines.tokens):
        name = lines.word(at)
        if name not in _SESSION or token.kind != "name" or _qualified(lines, at):
            continue
        if name in _CALLED and lines.word(at + 1) != "(":
            continue
        message = f"The SQL function {name} is not supported."
        yield subject.at("session-function", at, message)


def _qualified(lines: Outline, at: int) -> bool:
    return "." in (lines.word(at - 1), lines.word(at + 1))


def user_functions(subject: Subject) -> Iterator[Problem]:
    """Find calls of functions that SQL does not bring along."""
    lines = subject.outline
    for block in lines.blocks:
        for at in lines.own(block):
            if _is_call(subject, at):
                message = f"{_called(subject, at)} is no function of SQL."
                yield subject.at("user-function", at, message)


def _is_call(subject: Subject, at: int) -> bool:
    lines = subject.outline
    token = lines.tokens[at]
    if token.kind not in ("name", "quoted") or lines.word(at + 1) != "(":
        return False
    if lines.word(at + 2) == "+":
        # The outer join of old: column(+).
        return False
    if lines.word(at - 1) in (".", "@"):
        return lines.word(at - 1) == "."
    if lines.word(at - 1) in ("FROM", ",", "JOIN") and _in_from(lines, at):
        return False
    name = lines.word(at)
    known = name in _KEYWORDS | _TYPES | _BUILT_IN | _SESSION
    return not known and not _is_other_rules(lines, at)


def _in_from(lines: Outline, at: int) -> bool:
    block = lines.block_at(lines.tokens[at].start)
    start, stop = block.clauses.get("FROM", (0, 0)) if block else (0, 0)
    return start < at < stop


def _is_other_rules(lines: Outline, at: int) -> bool:
    """Tell whether another rule speaks of this call: an aggregate, a table's clause."""
    behind = lines.closing.get(at + 1, at) + 1
    return (
        lines.word(at) in AGGREGATES
        or lines.word(behind) == "OVER"
        or _in_from(lines, at)
    )


def _called(subject: Subject, at: int) -> str:
    lines = subject.outline
    first = at
    while lines.word(first - 1) == ".":
        first -= 2
    return subject.between(first, at + 1)


def binds(subject: Subject) -> Iterator[Problem]:
    """Find bind variables, which no definition takes."""
    lines = subject.outline
    for at in range(len(lines.tokens) - 1):
        if lines.word(at) == ":" and lines.tokens[at + 1].kind in ("name", "number"):
            message = (
                f"A definition takes no bind variable (:{lines.tokens[at + 1].value})."
            )
            yield subject.at("bind-variable", at, message)


def quantified(subject: Subject) -> Iterator[Problem]:
    """Find comparisons with ANY, SOME or ALL."""
    lines = subject.outline
    for at in range(len(lines.tokens)):
        word = lines.word(at)
        compared = lines.word(at - 1) in _COMPARISONS and lines.word(at + 1) == "("
        if compared and word in ("ANY", "SOME", "ALL"):
            message = f"Comparisons with {word} are not supported."
            yield subject.at("quantified-comparison", at, message)
