"""The README's screenshots: sample data, opened in Chromium. Started by `bin/pictures`.

Everything is real except the provider that answers for the shop's bot: it is the one from the tests,
because a screenshot shouldn't need a provider key.
"""

import re
from pathlib import Path

from playwright.sync_api import Browser, Page, expect

from app import create_app
from benchmarks.product import Product, product
from core import configuration
from core.accounts import workspaces
from core.accounts.actor import Actor
from core.accounts.models import Workspace
from core.bots import bots
from core.bots.appearance import changes as appearance_changes
from core.bots.appearance import presets
from core.bots.bots import Draft
from core.bots.models import Bot
from core.db import work_context
from core.keys import saving
from core.keys.saving import Proof
from core.knowledge import indexing, sources
from tests.live.chromium import chromium
from tests.live.pages import OPEN_ROOTS, Chat, frame_of
from tests.providers import LoopbackProvider, Reply

FOLDER = Path(__file__).parent.parent / "docs" / "pictures"
LARGEST_BYTES = 150_000
WIDE = {"width": 1360, "height": 780}
KEYS = {"anthropic": "sk-ant-api03-picture-7xA2", "openai": "sk-proj-picture-Qm31"}
DANA = Actor("Dana Meyer")
QUESTION = "Which plant suits a dark room?"
KNOWLEDGE = (
    "The snake plant lives in a dark room and wants water every three weeks. "
    "The monstera wants a bright corner. The cactus wants the window sill."
)
ANSWER = (
    "The **snake plant** is the one for a dark room [1]. It wants water every three weeks, "
    "and forgives you when you forget."
)


def main() -> None:
    with (
        LoopbackProvider() as provider,
        product(ANTHROPIC_BASE_URL=provider.anthropic_base_url) as running,
        chromium() as browser,
    ):
        provider.accept(*KEYS.values())
        provider.always(Reply.answer(ANSWER))
        output = running.flask("seed")
        email, password = re.findall(r"as (\S+) with the password (\S+)", output)[0]
        slug = re.findall(r"/w/(\S+)", output)[0]
        shop = _add_shop(running, slug)
        here = f"{running.url}/w/{slug}"
        page = _signed_in(browser, here, email, password)
        _take(page, here, "home")
        _take(page, f"{here}/provider-keys", "keys")
        _take(page, f"{here}/bots/{shop}/look", "appearance", "networkidle")
        _take_chat(page, f"{running.url}/demo/{shop}")
        page.emulate_media(color_scheme="dark")
        _take(page, here, "home-dark")


def _add_shop(running: Product, slug: str) -> str:
    """Adds provider keys and the demo shop's bot with its knowledge; returns the bot's id."""
    app = create_app(configuration.read(running.environ))
    with app.app_context():
        workspace = workspaces.by_slug(slug)
        for provider, secret in KEYS.items():
            saving.save(workspace.id, provider, secret, DANA, Proof("chk_of_the_pictures"))
        return _bot(workspace).id


def _bot(workspace: Workspace) -> Bot:
    draft = Draft(
        name="Fern",
        model="anthropic:claude-haiku-4-5",
        welcome="Hello! Ask me anything about our plants.",
        starters=(QUESTION, "When does my order arrive?"),
        allowed_origins=("https://fern.example",),
    )
    bot = bots.create(workspace, draft, DANA)
    meadow = next(preset for preset in presets.PRESETS if preset.key == "meadow")
    appearance_changes.save(workspace, bot, meadow.appearance, DANA)
    source = sources.add_text(workspace, bot.id, "Which plant where", KNOWLEDGE, DANA)
    with work_context():
        indexing.run(source.id, source.attempt)
    return bot


def _signed_in(browser: Browser, here: str, email: str, password: str) -> Page:
    context = browser.new_context(viewport=WIDE, reduced_motion="reduce", color_scheme="light")
    context.add_init_script(OPEN_ROOTS)
    page = context.new_page()
    page.goto(here)
    page.get_by_label("Email").fill(email)
    page.get_by_label("Password").fill(password)
    page.get_by_role("button", name="Sign in").click()
    expect(page.get_by_role("heading", level=1)).to_have_text("Home")
    return page


def _take(page: Page, url: str, name: str, until: str = "load") -> None:
    page.goto(url)
    page.wait_for_load_state("networkidle" if until == "networkidle" else "load")
    _save(page, name)


def _take_chat(page: Page, url: str) -> None:
    """The demo page with the chat open and one question answered."""
    page.goto(url)
    page.get_by_role("button", name="Open the chat").click()
    frame = frame_of(page)
    frame.get_by_role("button", name=QUESTION).click()
    chat = Chat(frame)
    expect(chat.answers.last).to_have_attribute("data-status", "complete")
    _save(page, "widget")


def _save(page: Page, name: str) -> None:
    path = FOLDER / f"{name}.png"
    page.screenshot(path=path)
    size = path.stat().st_size
    print(f"{path.relative_to(FOLDER.parent.parent)}: {size // 1000} kB")
    assert size <= LARGEST_BYTES, f"{path} is larger than {LARGEST_BYTES // 1000} kB"


if __name__ == "__main__":
    main()
