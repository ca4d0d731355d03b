"""Addresses that others named: only what is in the public internet is connected to.

A host is looked up once, and the connection goes to an address of that very answer, so that a name
server cannot say one thing to the check and another to the connection. TLS still checks the name.
"""

import socket
import threading
from contextlib import suppress
from ipaddress import IPv4Address, IPv6Address, ip_address, ip_network
from urllib.parse import SplitResult, urlsplit

import idna

from core.http.errors import NotPublic, NotSendable, Unreachable

LOOKUP_SECONDS = 5.0
MOST_TRIED = 4
LONGEST_URL = 500

IPAddress = IPv4Address | IPv6Address

_PUBLIC_V6 = ip_network("2000::/3")
"""All that is assigned (RFC 4291). Mapped, NAT64, local, multicast and loopback are outside."""
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
"""What `is_global` takes for public, or some versions of Python do."""


def is_public(address: IPAddress) -> bool:
    """Whether it can only be reached over the public internet."""
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
    """A URL that may be called, its host in ASCII; no name is looked up yet.

    Raises `NotSendable` or `NotPublic`, each with a sentence for the person who typed it. `private`
    lets addresses of this network pass.
    """
    parts = _parts(text)
    host = _checked_host(parts.hostname or "")
    address = _as_address(host)
    if not private and (_is_local_name(host) or (address is not None and not is_public(address))):
        raise NotPublic()
    shown = f"[{host}]" if ":" in host else host
    port = f":{parts.port}" if parts.port is not None else ""
    return parts._replace(netloc=shown + port, fragment="").geturl()


def public_addresses(host: str, port: int) -> list[str]:
    """Where to connect to, best first: what the name leads to and is public. Raises `NotPublic`."""
    found = dict.fromkeys(_looked_up(_checked_host(host), port))
    public = [text for text in found if is_public(ip_address(text))]
    if not public:
        raise NotPublic()
    return public[:MOST_TRIED]


def _parts(text: str) -> SplitResult:
    if len(text) > LONGEST_URL or not text.isprintable() or " " in text or "\\" in text:
        raise NotSendable(f"An address has at most {LONGEST_URL} characters and no spaces.")
    try:
        parts = urlsplit(text)
        if parts.scheme not in ("http", "https") or not parts.hostname or parts.port == 0:
            raise ValueError
        if ("[" in parts.netloc) != (":" in parts.hostname):
            raise ValueError  # brackets around what is no IPv6 address
    except ValueError:
        raise NotSendable("Write the whole address, such as https://example.com/hook.") from None
    if "@" in parts.netloc:
        raise NotSendable("Leave the user name and password out of the address.")
    return parts


def _checked_host(host: str) -> str:
    """The host as DNS has it. Only plain names, dotted IPv4 and IPv6 without a zone."""
    odd = NotSendable("The host of this address cannot be used: write it as a plain name.")
    if ":" in host:
        if _as_address(host) is None or "%" in host:
            raise odd
        return host
    try:
        name = idna.encode(host, uts46=True).decode().lower()
    except (idna.IDNAError, UnicodeError):
        raise odd from None
    last = name.rpartition(".")[2]
    looks_like_a_number = last.isdigit() or last.startswith("0x")
    if name.endswith(".") or (looks_like_a_number and _as_address(name) is None):
        raise odd
    return name


def _is_local_name(host: str) -> bool:
    return host == "localhost" or host.endswith((".localhost", ".local", ".internal"))


def _as_address(host: str) -> IPAddress | None:
    try:
        return ip_address(host)
    except ValueError:
        return None


def _looked_up(host: str, port: int) -> list[str]:
    """What the system's resolver says, waited for only so long: it has no limit of its own."""
    found: list[str] = []

    def ask() -> None:
        with suppress(OSError, UnicodeError):
            entries = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
            found.extend(str(entry[4][0]) for entry in entries)

    asking = threading.Thread(target=ask, daemon=True)
    asking.start()
    asking.join(LOOKUP_SECONDS)
    if not found:
        raise Unreachable("No connection: the name of the host is not known.")
    return list(found)
