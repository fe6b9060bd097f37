"""For each rule of the lint: what breaks it, and what is next to it and does not."""

from typing import Final

SCHEMA: Final = """
CREATE TABLE p (
  id NUMBER PRIMARY KEY,
  code VARCHAR2(9) NOT NULL UNIQUE,
  n NUMBER CHECK (n BETWEEN 1 AND 9),
  st VARCHAR2(5) CONSTRAINT st_known CHECK (st IN ('a', 'b')) NOT NULL,
  a DATE NOT NULL,
  z DATE NOT NULL,
  doc CLOB,
  v NUMBER AS (n + 1),
  CONSTRAINT dates CHECK (z > a)
);
CREATE TABLE c (
  id NUMBER PRIMARY KEY,
  pid NUMBER NOT NULL CONSTRAINT c_p REFERENCES p (id),
  qid NUMBER REFERENCES p (id),
  m NUMBER
);
CREATE INDEX c_pid ON c (pid);
CREATE INDEX c_qid ON c (qid);
CREATE GLOBAL TEMPORARY TABLE tmp (id NUMBER);
CREATE TABLE ext (id NUMBER) ORGANIZATION EXTERNAL (DEFAULT DIRECTORY d LOCATION ('x'));
CREATE VIEW w AS SELECT id FROM p;
CREATE SYNONYM s FOR p;
"""

_LONG: Final = " AND ".join(f"m <> {i}" for i in range(600))
_MANY: Final = ", ".join(str(i) for i in range(33))
_FEW: Final = ", ".join(str(i) for i in range(32))
_CHILD: Final = "NOT EXISTS (SELECT 1 FROM p, c WHERE p.id = c.pid AND c.m = 3)"


def check(text: str, state: str = "") -> str:
    """Return CREATE ASSERTION around what CHECK holds."""
    return f"CREATE ASSERTION x CHECK ({text}) {state}".rstrip()


def _p(where: str) -> str:
    return check(f"NOT EXISTS (SELECT 1 FROM p WHERE {where})")  # noqa: S608


def _from(tables: str) -> str:
    return check(f"NOT EXISTS (SELECT 1 FROM {tables})")  # noqa: S608


PLAIN: Final = _p("n = 3")

CASES: Final[dict[str, tuple[str, str]]] = {
    "syntax": ("CREATE ASSERTION x CHECK (1 = 1)", PLAIN),
    "body-parentheses": (check("NOT (EXISTS (SELECT 1 FROM p WHERE n = 3))"), PLAIN),
    "satisfy-parentheses": (
        check("ALL (SELECT n FROM p) r SATISFY r.n = 3"),
        check("ALL (SELECT n FROM p) r SATISFY (r.n = 3)"),
    ),
    "satisfy-alias": (
        check("ALL (SELECT n FROM p) SATISFY (p.n = 3)"),
        check("ALL (SELECT n FROM p) p SATISFY (p.n = 3)"),
    ),
    "count-comparison": (check("(SELECT COUNT(*) FROM p WHERE n = 3) = 0"), PLAIN),
    "state-words": (f"{PLAIN} RELY", f"{PLAIN} ENABLE"),
    "state-conflict": (
        f"{PLAIN} NOT DEFERRABLE INITIALLY DEFERRED",
        f"{PLAIN} DEFERRABLE INITIALLY DEFERRED",
    ),
    "disable-validate": (f"{PLAIN} DISABLE VALIDATE", f"{PLAIN} DISABLE NOVALIDATE"),
    "too-long": (_p(_LONG.replace("m", "n")), PLAIN),
    "name-taken": (f"{PLAIN};\n{_p('n = 4')}", PLAIN),
    "constraint-takes-name": (PLAIN.replace(" x ", " dates "), PLAIN),
    "drop-words": ("DROP ASSERTION x CASCADE", "DROP ASSERTION IF EXISTS x"),
    "nesting": (
        _p(
            "EXISTS (SELECT 1 FROM c WHERE c.pid = p.id AND EXISTS (SELECT 1 FROM p q"
            " WHERE q.id = c.pid AND EXISTS (SELECT 1 FROM c d WHERE d.pid = q.id)))"
        ),
        _p(
            "EXISTS (SELECT 1 FROM c WHERE c.pid = p.id AND EXISTS (SELECT 1 FROM p q"
            " WHERE q.id = c.pid AND q.n = 3))"
        ),
    ),
    "aggregate": (check("NOT EXISTS (SELECT MAX(n) FROM p)"), PLAIN),
    "analytic": (check("NOT EXISTS (SELECT RANK() OVER (ORDER BY n) FROM p)"), PLAIN),
    "group-by": (check("NOT EXISTS (SELECT n FROM p GROUP BY n)"), PLAIN),
    "set-operator": (
        check("NOT EXISTS (SELECT n FROM p MINUS SELECT m FROM c)"),
        PLAIN,
    ),
    "with-clause": (
        check("NOT EXISTS (WITH q AS (SELECT n FROM p) SELECT 1 FROM q)"),
        PLAIN,
    ),
    "hierarchical": (_from("p START WITH id = 1 CONNECT BY PRIOR id = n"), PLAIN),
    "row-limit": (_from("p WHERE n = 3 FETCH FIRST 1 ROW ONLY"), PLAIN),
    "for-update": (_from("p WHERE n = 3 FOR UPDATE"), PLAIN),
    "scalar-subquery": (
        _p("n = (SELECT m FROM c WHERE c.id = p.id)"),
        _p("EXISTS (SELECT 1 FROM c WHERE c.id = p.id AND c.m = p.n)"),
    ),
    "inline-view": (_from("(SELECT n FROM p) q WHERE q.n = 3"), PLAIN),
    "ansi-join": (_from("p JOIN c ON p.id = c.pid WHERE c.m = 3"), check(_CHILD)),
    "join-using": (_from("p JOIN c USING (id) WHERE m = 3"), check(_CHILD)),
    "natural-join": (_from("p NATURAL JOIN c"), check(_CHILD)),
    "cross-join": (_from("p CROSS JOIN c WHERE p.id = c.pid"), check(_CHILD)),
    "outer-join": (_from("p LEFT OUTER JOIN c ON p.id = c.pid"), check(_CHILD)),
    "apply": (_from("p CROSS APPLY (SELECT 1 FROM c WHERE c.pid = p.id) q"), PLAIN),
    "table-function": (_from("TABLE(f) q"), PLAIN),
    "table-clause": (_from("p SAMPLE (10) WHERE n = 3"), PLAIN),
    "alias-as": (_from("p AS q WHERE q.n = 3"), _from("p q WHERE q.n = 3")),
    "database-link": (_from("p@remote WHERE n = 3"), PLAIN),
    "no-such-table": (_from("pp WHERE n = 3"), PLAIN),
    "no-such-column": (_p("nn = 3"), PLAIN),
    "ambiguous-column": (_from("p, c WHERE p.id = c.pid AND id = 3"), check(_CHILD)),
    "unlisted-column": (
        check("ALL (SELECT id FROM p) r SATISFY (r.n = 3)"),
        check("ALL (SELECT id, n FROM p) r SATISFY (r.n = 3)"),
    ),
    "view": (_from("w WHERE id = 3"), PLAIN),
    "synonym": (_from("s WHERE id = 3"), PLAIN),
    "temporary-table": (_from("tmp WHERE id = 3"), PLAIN),
    "external-table": (_from("ext WHERE id = 3"), PLAIN),
    "virtual-column": (_p("v = 3"), PLAIN),
    "column-type": (_p("doc IS NULL"), PLAIN),
    "session-function": (_p("a > SYSDATE"), _p("a > DATE '2026-01-01'")),
    "user-function": (_p("tax(n) = 3"), _p("ABS(n) = 3")),
    "quantified-comparison": (_p("n > ALL (SELECT m FROM c)"), PLAIN),
    "bind-variable": (_p("n = :b"), _p("st <> ':b'")),
    "nullable-join": (
        _from("p, c WHERE p.id = c.qid AND c.m = 3"),
        _from("p, c WHERE p.id = c.qid AND c.m = 3 AND c.qid IS NOT NULL"),
    ),
    "column-references": (_p(f"n IN ({_MANY})"), _p(f"n IN ({_FEW})")),
    "undocumented": (check("NOT EXISTS (SELECT DISTINCT n FROM p WHERE n = 3)"), PLAIN),
    "state-order": (f"{PLAIN} ENABLE DEFERRABLE", f"{PLAIN} DEFERRABLE ENABLE"),
    "no-join-column": (_from("p, c WHERE p.n > c.m"), check(_CHILD)),
    "unindexed-join": (
        _from("p, c WHERE p.id = c.m AND c.m IS NOT NULL"),
        check(_CHILD),
    ),
    "never-fails": (_p("n > 5 AND n < 3"), _p("n > 3 AND n < 5")),
    "always-fails": (_from("p"), PLAIN),
    "repeats-constraint": (_p("st = 'c'"), _p("st = 'b'")),
    "repeats-assertion": (
        f"{PLAIN};\nCREATE ASSERTION y CHECK (ALL (SELECT n FROM p) q SATISFY (3 <> q.n))",  # noqa: S608
        f"{PLAIN};\nCREATE ASSERTION y CHECK (ALL (SELECT n FROM p) q SATISFY (4 <> q.n))",  # noqa: S608
    ),
}
"""By rule: a script that it finds fault with, and one like it that is fine."""
