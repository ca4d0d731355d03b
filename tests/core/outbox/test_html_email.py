"""The HTML part of a mail: the same words as its text, nothing to load, and no link of anybody else."""

import re

import html5lib
import pytest

from core.outbox import emails, html_email
from tests.core.outbox.test_emails import FACTS

OURS = "http://mevichat.example"
HOSTILE = (
    "</style><script>x()</script><img src=//evil.example/p.png> http://evil.example/invitations/x"
)


def drawn(template, **facts):
    subject, text = emails.rendered(template, **FACTS[template] | facts)
    page = html_email.render(subject, text, emails._address)
    return subject, text, page, html5lib.parse(page, namespaceHTMLElements=False)


def words(text: str) -> list[str]:
    return re.sub(r"^- ", "", text, flags=re.MULTILINE).split()


@pytest.mark.parametrize("template", FACTS)
def test_it_has_every_word_of_the_text_and_loads_nothing(app, template):
    subject, text, page, tree = drawn(template)
    card = next(node for node in tree.iter("td") if node.get("class") == "card")
    said = " ".join("".join(card.itertext()).replace("Or open this link:", "").split())
    for word in words(text):
        assert word.rstrip(":") in said, word
    assert subject in said
    assert not re.search(r"<(img|link|script|iframe)|url\(|@import|@font-face", page)


@pytest.mark.parametrize("template", FACTS)
def test_every_address_of_the_text_is_a_link_and_the_first_may_be_a_button(app, chosen, template):
    _, text, _, tree = drawn(template)
    led_to = {node.get("href") for node in tree.iter("a")} - {chosen.address}
    assert led_to == set(re.findall(rf"{re.escape(chosen.address)}/\S+", text))
    assert sum(node.get("class") == "button" for node in tree.iter("a")) <= 1


def test_a_hostile_name_is_text_and_leads_nowhere(app, chosen):
    _, _, page, tree = drawn("invitation", inviter=HOSTILE, workspace=HOSTILE)
    assert "<script" not in page
    assert "<img" not in page
    assert {node.get("href", "").startswith(chosen.address) for node in tree.iter("a")} == {True}


def test_paragraphs_lists_links_and_what_is_small_are_told_apart():
    text = f"One\ntwo.\n\nThese:\n- a\n- b\n\nDo it: {OURS}/x\nLook: {OURS}/y\n\nSmall print.\n"
    blocks = list(html_email._blocks(text, OURS))
    assert [(block.text, block.items, block.url) for block in blocks] == [
        ("One two.", [], ""),
        ("These:", ["a", "b"], ""),
        ("Do it", [], f"{OURS}/x"),
        ("Look", [], f"{OURS}/y"),
        ("Small print.", [], ""),
    ]
    page = html_email.render("S", text, OURS)
    assert '<p class="small">Small print.</p>' in page
    assert f'<a class="button" href="{OURS}/x">Do it</a>' in page
    assert f'<p>Look: <a href="{OURS}/y">{OURS}/y</a></p>' in page
