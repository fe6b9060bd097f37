"""URLs of databases: what they mean, and that no password gets through."""

import pytest

from comply.database.address import Login, is_address, parse_address
from comply.source import ComplyError


def test_an_address_in_full() -> None:
    found = parse_address("oracle://app@db.example:1522/orders?schema=SHOP&wallet=/w")
    assert (found.user, found.host, found.port) == ("app", "db.example", 1522)
    assert found.dsn == "db.example:1522/orders"
    assert found.options == {"schema": "SHOP", "wallet": "/w"}
    assert str(found) == "oracle://app@db.example:1522/orders"
    assert is_address(str(found))


def test_aliases_ipv6_and_encryption() -> None:
    alias = parse_address("oracle://app@ORDERS_High?tns_admin=/etc/tns")
    assert alias.is_alias
    assert alias.dsn == "ORDERS_High"
    assert str(alias) == "oracle://app@ORDERS_High"
    assert parse_address("oracle+tcps://a@[::1]/s").dsn == "tcps://[::1]:1521/s"
    assert parse_address("postgres://db/x").port == 5432


@pytest.mark.parametrize(
    "url",
    [
        "oracle://app:hunter2@db/orders",
        "oracle://app:hun/ter2@db/orders",
        "oracle://app:hun?ter2@db/orders",
        "oracle://app:hun@ter2@db/orders",
        "oracle://app:hun#ter2@db/orders",
        "oracle://app@db/orders?password=hunter2",
        "postgresql://app:hunter2@db/orders",
        "postgresql://app@db/orders?pwd=hunter2",
    ],
)
def test_a_password_in_a_url_is_refused_and_not_repeated(url: str) -> None:
    with pytest.raises(ComplyError) as caught:
        parse_address(url)
    said = caught.value.render()
    assert "password does not belong in a URL" in said
    assert "PASSWORD" in caught.value.hint
    assert "hun" not in said


@pytest.mark.parametrize(
    ("url", "said"),
    [
        ("mysql://a@b/c", "no such kind"),
        ("oracle://a@db:port/s", "port"),
        ("oracle://a@/s", "no host"),
        ("oracle://a@db:1521", "no service"),
        ("postgresql://a@db", "no database"),
        ("oracle://a@db/s?colour=red", "no option 'colour'"),
    ],
)
def test_what_is_no_address(url: str, said: str) -> None:
    with pytest.raises(ComplyError, match=said) as caught:
        parse_address(url)
    assert caught.value.hint


def test_a_login_shows_no_password() -> None:
    login = Login("hunter2", "wallet-secret")
    assert "hunter2" not in repr(login) + str(login)
    assert "wallet-secret" not in repr(login)
    assert login.hide("as hunter2 with wallet-secret") == "as *** with ***"
    assert Login().hide("nothing") == "nothing"
