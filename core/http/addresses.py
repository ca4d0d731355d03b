"""Protects against server-side request forgery: user-entered URLs may only lead to the public internet.

A host is resolved once, and the connection goes to an address from that result, so that a DNS server
can't give the check one address and the connection another (DNS rebinding). TLS still verifies the name.
"""

import socket
import threading
from contextlib import suppress
from ipaddress import IPv4Address, IPv6Address, ip_address, ip_network
from urllib.parse import SplitResult, urlsplit

import idna

from core.http.errors import NotPublic, NotSendable, Unreachable

LOOKUP_SECONDS = 5.0
MAX_ADDRESSES = 4
LONGEST_URL = 500

IPAddress = IPv4Address | IPv6Address

_PUBLIC_V6 = ip_network("2000::/3")
"""All assigned addresses (RFC 4291). Excludes mapped, NAT64, local, multicast and loopback ones."""
_NOT_PUBLIC_V6 = (
    ip_network("2001::/23"),  # for protocols: Teredo, ORCHID, AMT (RFC 2928)
    ip_network("2002::/16"),  # 6to4: leads to the IPv4 address inside
    ip_network("3fff::/20"),  # documentation
)
_NOT_PUBLIC_V4 = (
    ip_network("192.0.0.0/24"),  # for protocols: NAT64 discovery, DS-Lite
    ip_network("192.88.99.0/24"),  # relays of 6to4
    ip_network("168.63.129.16/32"),  # Azure's own host, for the machines inside it
)
"""Networks that `is_global` considers public, at least in some versions of Python."""


def is_public(address: IPAddress) -> bool:
    """Whether the address is on the public internet."""
    if not address.is_global or address.is_multicast:
        return False
    if isinstance(address, IPv4Address):
        return not any(address in network for network in _NOT_PUBLIC_V4)
    return (
        address in _PUBLIC_V6
        and address.scope_id is None
        and not any(address in network for network in _NOT_PUBLIC_V6)
    )


def checked_url(text: str, private: bool = False) -> str:
    """The normalized URL, with its host in ASCII, if it may be called. Doesn't resolve names yet.

    Raises `NotSendable` or `NotPublic`, each with a message for the person who entered the URL. `private`
    allows addresses on private networks.
    """
    parts = _parts(text)
    host = _checked_host(parts.hostname or "")
    address = _as_address(host)
    if not private and (_is_local_name(host) or (address is not None and not is_public(address))):
        raise NotPublic()
    bracketed = f"[{host}]" if ":" in host else host
    port = f":{parts.port}" if parts.port is not None else ""
    return parts._replace(netloc=bracketed + port, fragment="").geturl()


def public_addresses(host: str, port: int) -> list[str]:
    """The host's public addresses, best first. Raises `NotPublic` if it has none."""
    resolved = dict.fromkeys(_resolve(_checked_host(host), port))
    public = [text for text in resolved if is_public(ip_address(text))]
    if not public:
        raise NotPublic()
    return public[:MAX_ADDRESSES]


def _parts(text: str) -> SplitResult:
    if len(text) > LONGEST_URL or not text.isprintable() or " " in text or "\\" in text:
        raise NotSendable(f"Enter an address of at most {LONGEST_URL} characters, without spaces.")
    try:
        parts = urlsplit(text)
        if parts.scheme not in ("http", "https") or not parts.hostname or parts.port == 0:
            raise ValueError
        if ("[" in parts.netloc) != (":" in parts.hostname):
            raise ValueError  # brackets belong around IPv6 addresses only
    except ValueError:
        raise NotSendable("Enter a full address, such as https://example.com/hook.") from None
    if "@" in parts.netloc:
        raise NotSendable("Remove the user name and password from the address.")
    return parts


def _checked_host(host: str) -> str:
    """The host in ASCII. Accepts only plain names, dotted IPv4, and IPv6 without a zone."""
    error = NotSendable("The host name in this address isn’t valid.")
    if ":" in host:
        if _as_address(host) is None or "%" in host:
            raise error
        return host
    try:
        name = idna.encode(host, uts46=True).decode().lower()
    except (idna.IDNAError, UnicodeError):
        raise error from None
    last = name.rpartition(".")[2]
    looks_like_a_number = last.isdigit() or last.startswith("0x")
    if name.endswith(".") or (looks_like_a_number and _as_address(name) is None):
        raise error
    return name


def _is_local_name(host: str) -> bool:
    return host == "localhost" or host.endswith((".localhost", ".local", ".internal"))


def _as_address(host: str) -> IPAddress | None:
    try:
        return ip_address(host)
    except ValueError:
        return None


def _resolve(host: str, port: int) -> list[str]:
    """The host's addresses from the system's resolver, in a thread because that has no timeout."""
    addresses: list[str] = []

    def look_up() -> None:
        with suppress(OSError, UnicodeError):
            entries = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
            addresses.extend(str(entry[4][0]) for entry in entries)

    thread = threading.Thread(target=look_up, daemon=True)
    thread.start()
    thread.join(LOOKUP_SECONDS)
    if not addresses:
        raise Unreachable("Couldn’t connect: the host name couldn’t be resolved.")
    return list(addresses)
