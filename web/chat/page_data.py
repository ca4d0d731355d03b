"""What a visitor's page shows of a bot: its look, its words in one language, and why something was not done."""

from typing import Any

from flask import render_template, request

from core.bots.appearance.appearance import DEFAULTS, appearance_of
from core.bots.models import Bot
from core.errors import MevichatError, TooMany
from web.chat import appearance as chat_appearance
from web.chat import languages, scripts
from web.chat.languages import Words

_OPEN_AGAIN = ("bad_token", "page_old")
"""After these a new page of the same chat is the way on."""


def words_for(bot: Bot | None) -> Words:
    """In the language of the address (`?lang=`), of the bot's look, or of the browser."""
    look = appearance_of(bot) if bot else DEFAULTS
    accepted = request.headers.get("Accept-Language", "")
    return languages.words(languages.best(accepted, look, request.args.get("lang", "")))


def facts(bot: Bot) -> dict[str, Any]:
    """What the templates of the chat read besides the conversation."""
    words, direction = words_for(bot), appearance_of(bot).direction
    return chat_appearance.facts(bot) | {
        "bot": bot,
        "words": words,
        "say": words.page,
        "told": _told(bot, words),
        "lang": request.args.get("lang"),
        "direction": words.direction if direction == "auto" else direction,
        "main_script": scripts.main_url(),
        "imported_scripts": scripts.imported_urls(),
    }


def refusal(bot: Bot, error: MevichatError) -> str:
    """Why a message was not taken, in the visitor's language; the owner's own words where there are some."""
    words = words_for(bot)
    told = _told(bot, words)
    if isinstance(error, TooMany):
        return f"{told['too_many_messages']} {words.again_in(error.retry_after_seconds)}"
    return told.get(error.code, told["empty"])


def away(bot: Bot | None, code: str) -> str:
    """The page in place of the chat: this bot is off or none, or what was asked of it is over."""
    words = words_for(bot)
    return render_template(
        "chat/away.html",
        **(facts(bot) if bot else _without_a_bot(words)),
        sentence=why_away(bot, code),
        advice=words.page["come_back"] if bot else words.page["check_address"],
        again=words.loader["open"] if bot and code in _OPEN_AGAIN else "",
    )


def why_away(bot: Bot | None, code: str) -> str:
    words = words_for(bot)
    return words.told.get(code, words.told["closed"]) if bot else words.page["nobody"]


def _without_a_bot(words: Words) -> dict[str, Any]:
    return {"look": DEFAULTS, "words": words, "direction": words.direction}


def _told(bot: Bot, words: Words) -> dict[str, str]:
    """What is said when something has happened, the owner's own words in place of ours."""
    own = {"too_many_messages": bot.limit_text} if bot.limit_text else {}
    return {**words.told, "new_conversation": words.page["new_conversation"], **own}
