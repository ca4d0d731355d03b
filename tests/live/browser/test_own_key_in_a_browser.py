"""A key of one's own, against a real server that asks for one: refused, stored, and answered on."""

import re

import pytest
from playwright.sync_api import expect

from tests import marker
from tests.live.pages import (
    GROWN_IN_STEPS,
    QUESTION,
    Chat,
    create_organization,
    make_bot,
    open_chat,
    sign_up,
    words,
)
from tests.live.product import LLAMA_KEY, LiveProduct

pytestmark = [pytest.mark.xdist_group("sdks"), pytest.mark.browser]

WRONG = f"{marker.MARKER}-that-nobody-was-given-Xx00"
MASK = "••••••••Zk94"
PROVIDERS = {
    "anthropic": ("Anthropic", "Claude Haiku 4.5", "anthropic:claude-haiku-4-5"),
    "openai": ("OpenAI", "GPT-5 Mini", "openai:gpt-5-mini"),
}
CHECK_MILLISECONDS = 30_000


@pytest.fixture(scope="module")
def byok(tmp_path_factory, llama):
    """A house of its own, to which llama.cpp's server is both Anthropic and OpenAI."""
    folder = tmp_path_factory.mktemp("byok")
    with LiveProduct(
        folder,
        ("web", "checks"),
        web_processes=1,
        anthropic_base_url=llama.anthropic_base_url,
        openai_base_url=llama.openai_base_url,
    ) as product:
        llama.wait_until_ready()
        yield product


@pytest.fixture(scope="module")
def signed_up(byok, browser):
    """The slug of a new workspace that the operator put on Pro, and its owner's cookies."""
    context = browser.new_context()
    page = context.new_page()
    page.goto(f"{byok.url}/sign-up")
    sign_up(page)
    slug = create_organization(page, byok.url, "Acme")
    byok.flask("workspaces", "set-plan", slug, "pro")
    cookies = context.storage_state()
    context.close()
    return slug, cookies


@pytest.fixture
def console(byok, signed_up, windows):
    """`console("bots")`: that page of the workspace."""
    slug, cookies = signed_up
    return lambda path: windows.open(f"{byok.url}/w/{slug}/{path}", storage_state=cookies)


def paste(page, provider, secret):
    """Choose, paste, *Validate & save*: in the dialog, or on a page before there is any key."""
    page.get_by_role("link", name=re.compile("^(Add key|Add your first key)$")).click()
    form = page.locator("form.key-form")
    form.get_by_label(provider).check()
    form.get_by_label("Key", exact=True).fill(secret)
    form.get_by_role("button", name="Validate & save").click()
    return form


@pytest.mark.parametrize("slug", PROVIDERS)
def test_a_wrong_key_is_refused_in_the_servers_own_words_and_kept_nowhere(byok, console, slug):
    form = paste(console("provider-keys"), PROVIDERS[slug][0], WRONG)
    expect(form.get_by_role("blockquote")).to_contain_text(
        "Invalid API Key", timeout=CHECK_MILLISECONDS
    )
    expect(form.get_by_label("Key", exact=True)).to_have_value(WRONG)
    assert not byok.rows("SELECT id FROM provider_keys WHERE provider = ?", slug)
    assert not byok.redis.keys("candidate:*")
    assert not byok.leaks()


@pytest.mark.parametrize("slug", PROVIDERS)
def test_the_right_key_is_masked_in_seconds_and_a_bot_answers_on_it(byok, console, slug):
    provider, model_name, model_id = PROVIDERS[slug]
    page = console("provider-keys")
    form = paste(page, provider, LLAMA_KEY)
    form.get_by_role("link", name="Done").click(timeout=CHECK_MILLISECONDS)
    expect(page.locator(f"#key-{slug}")).to_contain_text(MASK)
    expect(page.locator(f"#key-{slug}")).to_contain_text("Valid")

    page.get_by_role("navigation", name="Workspace").get_by_role("link", name="Bots").click()
    make_bot(page, f"On {provider}", model_name)
    chat = Chat(open_chat(page))
    chat.ask(QUESTION)
    assert len(chat.watch_it_grow()) >= GROWN_IN_STEPS
    answer = byok.message(chat.answers.last.get_attribute("data-id"))
    assert (answer["status"], answer["model_id"], answer["provider"], answer["key_version"]) == (
        "complete", model_id, slug, 1,
    )  # fmt: skip
    assert answer["tokens_in"] > 10
    assert answer["tokens_out"] >= len(words(answer["text"]))

    page.reload()
    page.get_by_role("link", name=QUESTION).click()
    page.locator("summary", has_text=model_name).click()
    took = page.get_by_text(f"{answer['tokens_in']} in, {answer['tokens_out']} out", exact=True)
    expect(took).to_be_visible()
    assert not byok.leaks()
