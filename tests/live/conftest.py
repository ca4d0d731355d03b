"""A house of real processes, a local model, a browser: one of each for every process that runs such tests.

The tests that share them wait for one another, so there are two groups of about the same length: "live" and
"live-2", which has what needs no browser and the longest walks through all pages.
"""

import secrets
from collections.abc import Callable, Iterator

import pytest
from flask import Flask
from playwright.sync_api import Browser

from app import create_app
from core.accounts import people
from core.accounts.models import Person, Workspace
from core.db import db
from tests import marker
from tests.live.children import free_port
from tests.live.chromium import Windows, chromium
from tests.live.product import LLAMA_KEY, LiveProduct, Llama
from tests.live.visitor import Visitor
from tests.people import PASSWORD, make_workspace
from tests.providers import LoopbackProvider

PROVIDER_PORT = free_port()


def pytest_configure(config: pytest.Config) -> None:
    config.addinivalue_line("markers", "slow: waits for half a minute or more")


@pytest.fixture(scope="package")
def llama(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Llama]:
    """A real model behind a real key: the house's Mini, and a provider to bring a key for."""
    with Llama(tmp_path_factory.mktemp("llama")) as server:
        yield server


@pytest.fixture(scope="package")
def live(tmp_path_factory: pytest.TempPathFactory, llama: Llama) -> Iterator[LiveProduct]:
    """The product on the loopback provider (where that listens: it comes and goes) and the real Mini."""
    with LiveProduct(
        tmp_path_factory.mktemp("live"),
        ("web", "checks", "jobs", "schedule"),
        web_processes=2,
        anthropic_base_url=f"http://127.0.0.1:{PROVIDER_PORT}",
        openai_base_url=f"http://127.0.0.1:{PROVIDER_PORT}/v1",
        bedrock_base_url=f"http://127.0.0.1:{PROVIDER_PORT}",
        fireworks_base_url=f"http://127.0.0.1:{PROVIDER_PORT}/v1",
        mini_base_url=llama.openai_base_url,
        mini_api_key=LLAMA_KEY,
        private_pages=True,
    ) as product:
        llama.wait_until_ready()
        yield product


@pytest.fixture
def provider() -> Iterator[LoopbackProvider]:
    """Anthropic and OpenAI, as the house knows them; nobody listens there after the test."""
    with LoopbackProvider(PROVIDER_PORT) as running:
        running.accept(marker.anthropic_key(), marker.openai_key())
        yield running


@pytest.fixture
def inside(live: LiveProduct) -> Iterator[Flask]:
    """The product's core on the house's database and Redis, to make and read what a test needs."""
    app = create_app(live.settings)
    with app.app_context():
        yield app
        db.session.remove()
        db.engine.dispose()


@pytest.fixture
def owner(inside: Flask) -> Person:
    return people.sign_up(f"{secrets.token_hex(6)}@example.com", PASSWORD, "Olga")


@pytest.fixture
def workspace(owner: Person) -> Workspace:
    """An organization of its own for the test, on a plan with provider keys."""
    return make_workspace(owner, "Acme", "pro")


@pytest.fixture
def visitors_of(live: LiveProduct) -> Callable[[str, int], list[Visitor]]:
    """`visitors_of(bot.id, 20)`: so many conversations with a bot, begun over HTTP."""
    return lambda bot_id, count: [Visitor(live.port, bot_id) for _ in range(count)]


@pytest.fixture(scope="package")
def browser() -> Iterator[Browser]:
    with chromium() as running:
        yield running


@pytest.fixture
def windows(browser: Browser) -> Iterator[Windows]:
    """Opens pages, and afterwards fails for what any of them complained about."""
    opened = Windows(browser)
    yield opened
    opened.close()
    assert not opened.complaints
    assert opened.bodies_read
