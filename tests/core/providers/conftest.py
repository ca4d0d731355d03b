"""Both formats side by side: each test that asks for `side` runs once for either."""

from collections.abc import Iterator
from dataclasses import dataclass

import pytest

from core.providers import catalogue
from core.providers.formats.request import ChatRequest, Text, Turn
from core.providers.wire import Endpoint
from tests import marker
from tests.providers import LoopbackProvider


@dataclass(frozen=True)
class Side:
    """A provider's endpoint on loopback, and how to ask it. Its key is `side.key()`."""

    endpoint: Endpoint

    @property
    def name(self) -> str:
        return self.endpoint.provider_slug

    def key(self) -> str:
        return marker.anthropic_key() if self.name == "anthropic" else marker.openai_key()

    @property
    def model(self) -> str:
        return "claude-haiku-4-5" if self.name == "anthropic" else "gpt-5-mini"

    def request(self, text: str = "one two three") -> ChatRequest:
        return ChatRequest(
            system="Be brief.",
            turns=(Turn("user", (Text(text),)),),
            max_tokens=100,
            output_limit_field=catalogue.find_model(self.model).output_limit_field,
        )


@pytest.fixture(scope="session")
def running_provider() -> Iterator[LoopbackProvider]:
    with LoopbackProvider() as running:
        yield running


@pytest.fixture
def provider(running_provider: LoopbackProvider) -> LoopbackProvider:
    """One server for all tests of this folder, as new for each."""
    running_provider.reset()
    running_provider.accept(marker.anthropic_key(), marker.openai_key())
    return running_provider


@pytest.fixture(params=["anthropic", "openai"])
def side(request: pytest.FixtureRequest, provider: LoopbackProvider) -> Side:
    urls = {"anthropic": provider.anthropic_base_url, "openai": provider.openai_base_url}
    return Side(Endpoint(request.param, request.param, urls[request.param]))
