"""Template data for the chat: the bot's appearance, texts in the visitor's language, and error messages."""

from typing import Any

from flask import render_template, request

from core.bots.appearance.appearance import DEFAULTS, appearance_of
from core.bots.models import Bot
from core.errors import MevichatError, TooMany
from web.chat import appearance as chat_appearance
from web.chat import languages, scripts
from web.chat.languages import Words

_OPEN_AGAIN = ("bad_token", "page_old")
"""After these errors, opening the chat again helps."""


def words_for(bot: Bot | None) -> Words:
    """Texts in the language of the URL (`?lang=`), the bot's appearance, or the browser."""
    appearance = appearance_of(bot) if bot else DEFAULTS
    accepted = request.headers.get("Accept-Language", "")
    return languages.words(languages.best(accepted, appearance, request.args.get("lang", "")))


def facts(bot: Bot) -> dict[str, Any]:
    """What the chat templates need besides the conversation."""
    words, direction = words_for(bot), appearance_of(bot).direction
    return chat_appearance.facts(bot) | {
        "bot": bot,
        "words": words,
        "say": words.page,
        "notices": _notices(bot, words),
        "lang": request.args.get("lang"),
        "direction": words.direction if direction == "auto" else direction,
        "main_script": scripts.main_url(),
        "imported_scripts": scripts.imported_urls(),
    }


def refusal(bot: Bot, error: MevichatError) -> str:
    """Why a message was rejected: in the visitor's language, or in the owner's wording if set."""
    words = words_for(bot)
    notices = _notices(bot, words)
    if isinstance(error, TooMany):
        return f"{notices['too_many_messages']} {words.again_in(error.retry_after_seconds)}"
    return notices.get(error.code, notices["empty"])


def away(bot: Bot | None, code: str) -> str:
    """The page shown instead of the chat: the bot is disabled or missing, or the conversation has ended."""
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
    return words.notices.get(code, words.notices["closed"]) if bot else words.page["nobody"]


def _without_a_bot(words: Words) -> dict[str, Any]:
    return {"appearance": DEFAULTS, "words": words, "direction": words.direction}


def _notices(bot: Bot, words: Words) -> dict[str, str]:
    """The notices, with the owner's wording in place of ours where set."""
    custom = {"too_many_messages": bot.limit_text} if bot.limit_text else {}
    return {**words.notices, "new_conversation": words.page["new_conversation"], **custom}
