"""SMTP_URL and MAIL_FROM: their valid values and what they mean."""

from dataclasses import dataclass, field
from email.policy import SMTP
from enum import StrEnum
from ipaddress import ip_address
from urllib.parse import unquote, urlsplit

_PORTS = {"smtp": 587, "smtps": 465}
_FORM = "must be like smtp://user:password@mail.example.com:587 or smtps://mail.example.com"


class Encryption(StrEnum):
    """NONE is for this machine only; OFFERED uses STARTTLS if available; IMPLICIT is `smtps`."""

    NONE = "none"
    OFFERED = "offered"
    REQUIRED = "required"
    IMPLICIT = "implicit"


@dataclass(frozen=True)
class MailServer:
    """The SMTP server. Without a user name there is no login."""

    host: str
    port: int
    encryption: Encryption
    user: str = ""
    password: str = field(default="", repr=False)


def mail_server(url: str) -> MailServer:
    """The server in SMTP_URL. Raises ValueError, without repeating the value."""
    try:
        parts = urlsplit(url)
        port = parts.port or _PORTS[parts.scheme]
    except (ValueError, KeyError):
        raise ValueError(_FORM) from None
    if not parts.hostname or parts.path.strip("/") or parts.query or parts.fragment:
        raise ValueError(_FORM)
    if bool(parts.username) != bool(parts.password):
        raise ValueError("must have both a user name and a password, or neither")
    user, password = unquote(parts.username or ""), unquote(parts.password or "")
    encryption = _encryption(parts.scheme, parts.hostname, bool(user))
    return MailServer(parts.hostname, port, encryption, user, password)


def _encryption(scheme: str, host: str, signs_in: bool) -> Encryption:
    """A password is never sent unencrypted to another machine."""
    if scheme == "smtps":
        return Encryption.IMPLICIT
    if _is_this_machine(host):
        return Encryption.OFFERED if signs_in else Encryption.NONE
    return Encryption.REQUIRED if signs_in else Encryption.OFFERED


def checked_sender(text: str) -> str:
    """MAIL_FROM: one address, with or without a name. Raises ValueError."""
    wrong = ValueError("must be one address such as Mevichat <mevichat@example.com>")
    if not text.isprintable():
        raise wrong
    header = SMTP.header_factory("from", text)
    if header.defects or len(header.addresses) != 1:
        raise wrong
    (address,) = header.addresses
    if not address.username or not address.domain:
        raise wrong
    return text


def default_sender(address: str) -> str:
    """An address at the deployment's host; at localhost if that is an IP address."""
    host = urlsplit(address).hostname or ""
    return f"Mevichat <mevichat@{'localhost' if _is_ip(host) else host}>"


def _is_this_machine(host: str) -> bool:
    return host == "localhost" or (_is_ip(host) and ip_address(host).is_loopback)


def _is_ip(host: str) -> bool:
    try:
        ip_address(host)
    except ValueError:
        return False
    return True
