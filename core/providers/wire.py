"""Where a provider is reached, and in which format."""

from dataclasses import dataclass
from typing import Literal

OutputLimitField = Literal["max_tokens", "max_completion_tokens"]
_ROUTES = {"openai": "chat", "anthropic": "messages"}
"""Wire names of the catalogue that have another name among the paths and in `formats.FORMATS`."""


def route_of(wire: str) -> str:
    """A wire format's name among a provider's paths and in `formats.FORMATS`."""
    return _ROUTES.get(wire, wire)


@dataclass(frozen=True, slots=True)
class Endpoint:
    """Where a provider is reached: the catalogue's or the operator's choice, never a client's."""

    provider_slug: str
    wire: str
    """The catalogue's name of the format that checks and bots use."""
    base_url: str

    @property
    def route(self) -> str:
        return route_of(self.wire)
