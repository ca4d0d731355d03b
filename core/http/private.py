"""The private hosts that the operator allows for user-entered URLs."""

from dataclasses import dataclass
from typing import Self
from urllib.parse import urlsplit

from core.http.addresses import checked_url
from core.http.errors import HttpError

_ALL = frozenset({"true", "1", "yes", "on"})
_NONE = frozenset({"false", "0", "no", "off", ""})


@dataclass(frozen=True)
class PrivateHosts:
    """All, none, or a list of hosts. For allowed hosts, DNS is trusted."""

    every: bool = False
    names: frozenset[str] = frozenset()
    """`host` for any port, `host:port` for one port."""

    @classmethod
    def parse(cls, text: str) -> Self:
        """From `true`, `false`, or comma-separated hosts. Raises ValueError."""
        word = text.strip().lower()
        if word in _ALL | _NONE:
            return cls(every=word in _ALL)
        return cls(names=frozenset(_name(part.strip()) for part in text.split(",") if part.strip()))

    def checked(self, text: str) -> str:
        """Like `checked_url`, but allows these hosts. Raises the same errors."""
        url = checked_url(text, private=True)
        return url if self.include(url) else checked_url(url)

    def include(self, url: str) -> bool:
        """Whether a URL, as returned by `checked_url`, is on one of these hosts."""
        if self.every:
            return True
        host, port = _host_and_port(url)
        return host in self.names or f"{host}:{port}" in self.names


NO_PRIVATE_HOSTS = PrivateHosts()


def _name(text: str) -> str:
    error = ValueError("must be true, false, or hosts such as wiki.example.com, 10.0.0.7:8080")
    if any(letter in text for letter in "/?#"):
        raise error
    try:
        return urlsplit(checked_url(f"http://{text}", private=True)).netloc
    except HttpError:
        raise error from None


def _host_and_port(url: str) -> tuple[str, int]:
    parts = urlsplit(url)
    host = parts.hostname or ""
    port = parts.port or (443 if parts.scheme == "https" else 80)
    return f"[{host}]" if ":" in host else host, port
