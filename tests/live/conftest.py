"""One house of real processes for all tests of this folder, a local model, a browser."""

from collections.abc import Callable, Iterator

import pytest
from flask import Flask
from playwright.sync_api import Browser

from app import create_app
from core import ids
from core.accounts import people
from core.accounts.models import Workspace
from core.db import db
from tests import marker
from tests.live.chromium import Windows, chromium
from tests.live.house import LLAMA_KEY, LiveHouse, Llama
from tests.live.member import Member
from tests.live.visitor import Visitor
from tests.people import PASSWORD, make_workspace
from tests.providers import LoopbackProvider


@pytest.fixture(scope="package")
def llama(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Llama]:
    """A real model behind a real key; the house's Mini, and a provider to bring a key for."""
    with Llama(tmp_path_factory.mktemp("llama")) as server:
        yield server


@pytest.fixture(scope="package")
def live(tmp_path_factory: pytest.TempPathFactory, llama: Llama) -> Iterator[LiveHouse]:
    """The product, with the loopback provider as Anthropic and OpenAI, and the real Mini."""
    provider = LoopbackProvider()
    house = LiveHouse(
        tmp_path_factory.mktemp("live"),
        ("web", "checks", "schedule"),
        web_processes=2,
        anthropic_base_url=provider.anthropic_base_url,
        openai_base_url=provider.openai_base_url,
        mini_base_url=llama.openai_base_url,
        mini_api_key=LLAMA_KEY,
    )
    house.provider = provider
    with house:
        llama.wait_until_ready()
        yield house


@pytest.fixture
def provider(live: LiveHouse) -> Iterator[LoopbackProvider]:
    """Anthropic and OpenAI, with nothing left of the test before."""
    with LoopbackProvider(live.provider_port) as running:
        running.accept(marker.anthropic_key(), marker.openai_key())
        yield running
