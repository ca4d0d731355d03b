"""Which hosts of this deployment's own network may be called, though others named them: the operator's word."""

from dataclasses import dataclass
from typing import Self
from urllib.parse import urlsplit

from core.http.addresses import checked_url
from core.http.errors import HttpError

_ALL = frozenset({"true", "1", "yes", "on"})
_NONE = frozenset({"false", "0", "no", "off", ""})


@dataclass(frozen=True)
class PrivateHosts:
    """All, none, or those of a list. A host that is allowed is one whose name server is trusted."""

    every: bool = False
    names: frozenset[str] = frozenset()
    """`host` for any port of it, `host:port` for that one."""

    @classmethod
    def of(cls, text: str) -> Self:
        """From `true`, `false`, or hosts with commas between them. Raises ValueError."""
        word = text.strip().lower()
        if word in _ALL | _NONE:
            return cls(every=word in _ALL)
        return cls(names=frozenset(_name(part.strip()) for part in text.split(",") if part.strip()))

    def checked(self, text: str) -> str:
        """`checked_url`, which lets these pass. Raises what that raises."""
        url = checked_url(text, private=True)
        return url if self.include(url) else checked_url(url)

    def include(self, url: str) -> bool:
        """Whether that address, in the form of `checked_url`, is one of these."""
        if self.every:
            return True
        host, port = _place(url)
        return host in self.names or f"{host}:{port}" in self.names


NO_PRIVATE_HOSTS = PrivateHosts()


def _name(text: str) -> str:
    wrong = ValueError("must be true, false, or hosts such as wiki.example.com, 10.0.0.7:8080")
    if any(letter in text for letter in "/?#"):
        raise wrong
    try:
        return urlsplit(checked_url(f"http://{text}", private=True)).netloc
    except HttpError:
        raise wrong from None


def _place(url: str) -> tuple[str, int]:
    parts = urlsplit(url)
    host = parts.hostname or ""
    port = parts.port or (443 if parts.scheme == "https" else 80)
    return f"[{host}]" if ":" in host else host, port
