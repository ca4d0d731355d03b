"""Words that people try to run a script with, put wherever words can stand; and what shows that one ran."""

import tomllib
from dataclasses import dataclass
from datetime import timedelta
from functools import cache
from pathlib import Path
from typing import Any

from flask import Flask
from playwright.sync_api import Browser, Frame, Page
from sqlalchemy import insert

from core import clock
from core.accounts.actor import OPERATOR, Actor
from core.accounts.models import Membership, Person, SignIn, Workspace
from core.accounts.roles import Role
from core.bots import visitors
from core.bots.appearance import changes as appearance_changes
from core.bots.appearance.appearance import Appearance
from core.bots.models import ANSWER, COMPLETE, FAILED, VISITOR, Bot, Message
from core.db import transaction
from core.gateway import tokens
from core.gateway.models import GatewayRequest
from core.ids import new_id
from core.keys import verdicts
from core.knowledge import sources, unanswered
from core.providers.failures import Failure, FailureKind
from core.text import fit
from tests.bot_client import make_bot, make_key
from tests.live.pages import OPEN_ROOTS

_FILE = Path(__file__)
SHORT = 80
"""The longest name."""
_LISTEN = """
  window.violations = [];
  addEventListener("securitypolicyviolation", (e) => violations.push(`${e.violatedDirective} ${e.blockedURI}`));
"""


@cache
def words() -> list[str]:
    """All of them, fit to store as everything from outside is."""
    classes = tomllib.loads(_FILE.with_name("hostile_words.toml").read_text())
    return [fit(word) for found in classes.values() for word in found]


def short_words() -> list[str]:
    return [word for word in words() if len(word) <= SHORT]


def printable_words() -> list[str]:
    """Those that a token may be called."""
    return [
        word for word in short_words() if word.replace("\n", " ").replace("\t", " ").isprintable()
    ]


class Signs:
    """What shows, on a page, that a word was more than words to it."""

    def __init__(self, browser: Browser) -> None:
        blank = browser.new_page()
        self._made: list[str] = self._run(blank, "wouldMake", words())
        blank.close()

    def watch(self, page: Page) -> None:
        """From the next page on."""
        page.add_init_script(_LISTEN + OPEN_ROOTS)

    def on(self, page: Page | Frame) -> list[str]:
        return self._run(page, "signs", self._made)

    def _run(self, page: Page | Frame, name: str, argument: list[str]) -> list[str]:
        body = _FILE.with_suffix(".js").read_text()
        found: list[str] = page.evaluate(
            f"(given) => {{ {body}\nreturn {name}(given); }}", argument
        )
        return found


@dataclass(frozen=True)
class Conversations:
    """Bots that say the words, and a visitor's token for the talk that has all of them."""

    bot: Bot
    streaming: Bot
    token: str
    talk: str
    failures: str


def talks(app: Flask, workspace: Workspace) -> Conversations:
    """A bot with every word as a question and as an answer, and one that is to say them all."""
    names = short_words()
    bot = make_bot(
        workspace,
        name=names[6],
        welcome="\n".join(names[:12]),
        starters=tuple(names[12:18]),
        limit_text=names[20],
        unknown_text=names[21],
    )
    appearance_changes.save(workspace, bot, _appearance(), OPERATOR)
    make_key(workspace, "anthropic")
    streaming = make_bot(workspace, "anthropic:claude-haiku-4-5", name=names[1])
    answered, token = visitors.open_conversation(bot, app.config["SECRET_KEY"])
    failed, _ = visitors.open_conversation(bot, app.config["SECRET_KEY"])
    _turns(answered.id, bot, COMPLETE)
    _turns(failed.id, bot, FAILED)
    return Conversations(bot, streaming, token, answered.id, failed.id)


def _appearance() -> Appearance:
    names = short_words()
    tiny = [word for word in names if len(word) <= 40 and word.isprintable()]
    return Appearance(
        **{
            "title": names[22],
            "subtitle": names[23],
            "placeholder": names[24],
            "disclaimer": names[25],
        },
        **{
            "privacy_url": "https://a.example/",
            "privacy_text": names[26],
            "launcher_text": tiny[3],
        },
        **{"teaser_text": names[27], "teaser_seconds": 1},
    )


def fill(app: Flask, conversations: Conversations, workspace: Workspace, owner: Person) -> None:
    """Everything else that has a name: by the product's own verbs, people and requests as rows."""
    nasty = Actor(words()[0], "", owner.id)
    bots = [make_bot(workspace, name=name) for name in short_words()]
    for word in words():
        sources.add_text(workspace, conversations.bot.id, word, word, nasty)
        unanswered.record(workspace.id, bots[0].id, word)
    people = _people(workspace)
    for number, name in enumerate(printable_words()):
        person = people[number // tokens.MAX_PER_PERSON]
        tokens.create(workspace, person, name, None, nasty, app.config["SECRET_KEY"])
    _requests_and_sign_ins(workspace, owner)
    key = make_key(workspace, "openai")
    refused = Failure(FailureKind.rejected, words()[6], 401)
    verdicts.record_refusal(key.id, key.version, refused, "openai:gpt-5-mini")


def _people(workspace: Workspace) -> list[Person]:
    """A colleague of every word."""
    named = [
        Person(email=f"{new_id('psn')}@example.com", name=word[:100], password_hash="")
        for word in words()
    ]
    with transaction() as current:
        current.add_all(named)
        current.flush()
        current.add_all(
            Membership(workspace_id=workspace.id, person_id=person.id, role=Role.MEMBER)
            for person in named
        )
    return named


def _requests_and_sign_ins(workspace: Workspace, owner: Person) -> None:
    requests = [
        GatewayRequest(
            workspace_id=workspace.id,
            route="chat",
            model_asked=word[:120],
            status=404,
            code="model_not_found",
        )
        for word in words()
    ]
    browsers = [
        SignIn(person_id=owner.id, token_digest=new_id("sgn"), user_agent=word[:200])
        for word in words()[:40]
    ]
    with transaction() as current:
        current.add_all([*requests, *browsers])


def _turns(conversation_id: str, bot: Bot, status: str) -> None:
    """Each word as a question, as the answer to it, as its source, and as what a provider said."""
    at = clock.now() - timedelta(minutes=len(words()))
    with transaction() as current:
        for number, word in enumerate(words()):
            here: dict[str, Any] = {
                "conversation_id": conversation_id,
                "bot_id": bot.id,
                "workspace_id": bot.workspace_id,
                "text": word,
                "created_at": at + timedelta(seconds=number),
            }
            question = here | {"id": new_id("msg"), "role": VISITOR, "status": COMPLETE}
            answer = here | {
                "role": ANSWER,
                "status": status,
                "reply_to": question["id"],
                "created_at": here["created_at"] + timedelta(microseconds=1),
                "sources": [{"number": 1, "title": word, "url": ""}],
                "failure": "rejected" if status == FAILED else "",
                "provider_words": word[:400],
            }
            current.execute(insert(Message), question)
            current.execute(insert(Message), answer)
