"""Many bots and conversations, written straight into the tables: what lists and numbers are made of.

Every conversation has two turns, the second of which fails in one of ten; the days' rows say the same.
"""

from collections import Counter
from collections.abc import Iterator
from datetime import timedelta
from typing import Any

from sqlalchemy import insert

from core import clock
from core.accounts.models import Workspace
from core.bots.models import ANSWER, COMPLETE, FAILED, VISITOR, Bot, Conversation, Message
from core.db import transaction
from core.ids import new_id
from core.usage.models import UsageDay

TURNS = 2
WORDS = "Where is my order number {number}, which I placed three weeks ago and have not seen since?"
MODEL = "mevichat:mini"


def fill(workspace: Workspace, bots: list[Bot], talks: int, days: int = 30) -> None:
    """So many conversations, spread evenly over the bots and the last days."""
    used: Counter[tuple[Any, ...]] = Counter()
    for start in range(0, talks, 1000):
        numbers = range(start, min(start + 1000, talks))
        made = [_talk(workspace, bots[n % len(bots)], n, talks, days) for n in numbers]
        messages = [row for talk in made for row in _messages(talk, used)]
        with transaction() as current:
            current.execute(insert(Conversation), made)
            current.execute(insert(Message), messages)
    with transaction() as current:
        current.execute(insert(UsageDay), list(_days(workspace, used)))


def _talk(workspace: Workspace, bot: Bot, number: int, talks: int, days: int) -> dict[str, Any]:
    at = clock.now() - timedelta(days=days) * number / talks
    return {
        "id": new_id("cnv"),
        "bot_id": bot.id,
        "workspace_id": workspace.id,
        "token_digest": f"{bot.id}{number:040}",
        "origin": "https://shop.example" if number % 3 else "",
        "created_at": at,
        "expires_at": at + timedelta(days=7),
        "last_message_at": at,
    }


def _messages(talk: dict[str, Any], used: Counter[tuple[Any, ...]]) -> Iterator[dict[str, Any]]:
    number = int(talk["token_digest"][-40:])
    for turn in range(TURNS):
        at = talk["last_message_at"] - timedelta(minutes=TURNS - 1 - turn)
        failed = turn == 1 and number % 10 == 0
        places = {name: talk[name] for name in ("bot_id", "workspace_id")}
        places |= {"conversation_id": talk["id"], "created_at": at}
        question_id = new_id("msg")
        text = WORDS.format(number=number)
        empty = dict.fromkeys(("tokens_in", "tokens_out", "latency_ms", "reply_to"))
        yield places | empty | {
            "id": question_id, "role": VISITOR, "text": text, "status": COMPLETE, "model_id": "", "failure": "",
        }  # fmt: skip
        yield places | {
            "id": new_id("msg"), "role": ANSWER, "reply_to": question_id, "model_id": MODEL,
            "text": "" if failed else f"It is on its way. {text}", "status": FAILED if failed else COMPLETE,
            "failure": "overloaded" if failed else "", "tokens_in": 40, "tokens_out": 25, "latency_ms": 900,
            "created_at": at + timedelta(microseconds=1),
        }  # fmt: skip
        used[at.date(), talk["bot_id"], "failed" if failed else "answered"] += 1
        used[at.date(), talk["bot_id"], "all"] += 1


def _days(workspace: Workspace, used: Counter[tuple[Any, ...]]) -> Iterator[dict[str, Any]]:
    for day, bot_id in {(day, bot_id) for day, bot_id, _ in used}:
        ended = used[day, bot_id, "all"]
        yield {
            "workspace_id": workspace.id, "day": day, "bot_id": bot_id, "model_id": MODEL, "key_id": "",
            "provider": "mevichat", "answered": used[day, bot_id, "answered"],
            "failed": used[day, bot_id, "failed"], "cached": 0,
            "tokens_in": 40 * ended, "tokens_out": 25 * ended,
        }  # fmt: skip
