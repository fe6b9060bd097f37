"""CERTIFICATE x AUTHORITY -> VERDICT: the names that an authority may sign.

https://www.rfc-editor.org/rfc/rfc5280#section-4.2.1.10
"""

from ipaddress import IPv4Network, IPv6Network
from urllib.parse import urlsplit

from cryptography import x509


def satisfies_constraints(
    certificate: x509.Certificate, authority: x509.Certificate
) -> bool:
    """Tell whether an authority's constraints allow all of a certificate's names."""
    try:
        constraints = authority.extensions.get_extension_for_class(
            x509.NameConstraints
        ).value
        names = certificate.extensions.get_extension_for_class(
            x509.SubjectAlternativeName
        ).value
    except x509.ExtensionNotFound:
        return True
    permitted = constraints.permitted_subtrees or []
    excluded = constraints.excluded_subtrees or []
    for name in names:
        if any(within(name, subtree) for subtree in excluded):
            return False
        same = [s for s in permitted if type(s) is type(name)]
        if same and not any(within(name, subtree) for subtree in same):
            return False
    return True


def within(name: x509.GeneralName, subtree: x509.GeneralName) -> bool:
    """Tell whether a name lies in a subtree of names of its kind.

    >>> within(x509.DNSName("a.example.com"), x509.DNSName("example.com"))
    True
    """
    match name, subtree:
        case x509.DNSName(), x509.DNSName():
            return _in_domain(name.value, subtree.value)
        case x509.RFC822Name(), x509.RFC822Name():
            wanted = subtree.value
            if "@" in wanted:
                return name.value.lower() == wanted.lower()
            return _at_host(name.value.rpartition("@")[2], wanted)
        case x509.UniformResourceIdentifier(), x509.UniformResourceIdentifier():
            return _at_host(urlsplit(name.value).hostname or "", subtree.value)
        case x509.IPAddress(), x509.IPAddress():
            network = subtree.value
            if not isinstance(network, IPv4Network | IPv6Network):
                return False
            return name.value in network
        case _:
            return False


def _in_domain(host: str, domain: str) -> bool:
    """Tell whether a host is a domain or below it; all are below the empty one."""
    host, domain = host.lower(), domain.lower().removeprefix(".")
    return not domain or host == domain or host.endswith("." + domain)


def _at_host(host: str, wanted: str) -> bool:
    """Tell whether a host is the wanted one; `.example.com` wants those below."""
    host, wanted = host.lower(), wanted.lower()
    if wanted.startswith("."):
        return host.endswith(wanted)
    return not wanted or host == wanted
