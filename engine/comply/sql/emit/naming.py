"""Names of what is installed, traceable to the assertion and within a database's limit."""

from hashlib import sha256


def limited(name: str, limit: int) -> str:
    """Return a name of at most `limit` bytes; a longer one ends in a digest of it.

    >>> limited("sla_log", 63)
    'sla_log'
    >>> limited("a_very_long_name_of_a_log", 20)
    'a_very_long_ad2dd87d'
    """
    if len(name.encode()) <= limit:
        return name
    digest = sha256(name.encode()).hexdigest()[:8]
    start = name.encode()[: limit - 9].decode(errors="ignore")
    return f"{start.rstrip('_')}_{digest}"


def quoted(*parts: str) -> str:
    """Return a name with its owner, quoted; empty parts are left out.

    >>> quoted("", "tickets"), quoted("app", 'odd"name')
    ('"tickets"', '"app"."odd""name"')
    """
    return ".".join('"' + part.replace('"', '""') + '"' for part in parts if part)


def text(value: str) -> str:
    """Return a string literal.

    >>> text("it's")
    "'it''s'"
    """
    return "'" + value.replace("'", "''") + "'"
