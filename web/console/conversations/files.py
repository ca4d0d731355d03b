"""Conversation exports: CSV by message or by conversation, and JSON Lines.

Rows are streamed as they are read, so memory does not grow with the size of the export.
"""

import json
from collections.abc import Iterator
from dataclasses import asdict
from datetime import UTC, datetime
from typing import Any

from flask import Response

from core.accounts import audit
from core.accounts.actor import Actor
from core.accounts.models import Workspace
from core.bots.conversations import export
from core.bots.conversations import search as conversation_search
from core.bots.conversations.export import ExportedMessage
from core.bots.conversations.search import ConversationFilter
from core.bots.retrieval import citations
from core.db import transaction
from core.errors import Invalid
from web import csv_export
from web.console.conversations.filter import Filter

FILES = {
    "messages": "CSV, one row per message",
    "conversations": "CSV, one row per conversation",
    "lines": "JSON Lines, one per message",
}
_TALK_COLUMNS = (
    *("conversation_id", "bot_id", "bot_name", "origin", "first_text", "started_at", "last_at"),
    *("messages", "failed", "tokens_in", "tokens_out"),
)
_COLUMNS = (
    *("conversation_id", "bot", "origin", "message_id", "role", "at", "text", "status", "failure"),
    *("model", "provider", "tokens_in", "tokens_out", "first_token_ms", "latency_ms"),
    *("attempts", "cached", "thumb", "sources"),
)


def answer(workspace: Workspace, chosen: Filter, file: str, actor: Actor) -> Response:
    """Streams the file and records the export in the audit log. Raises `Invalid` for an unknown kind."""
    if file not in FILES:
        raise Invalid(f"Choose one of these files: {', '.join(FILES)}.", field="file")
    wanted = chosen.wanted(workspace)
    _record(wanted, chosen, file, actor)
    name = f"{workspace.slug}-{'messages' if file == 'lines' else file}"
    if file == "conversations":
        return csv_export.answer(name, _TALK_COLUMNS, _talk_rows(wanted))
    if file == "messages":
        rows = (_flat(_facts(said)) for said in export.messages(wanted))
        return csv_export.answer(name, _COLUMNS, rows)
    response = Response(_lines(wanted), mimetype="application/x-ndjson")
    response.headers["Content-Disposition"] = f'attachment; filename="{name}.jsonl"'
    return response


def _record(wanted: ConversationFilter, chosen: Filter, file: str, actor: Actor) -> None:
    count = conversation_search.count(wanted)
    values: dict[str, Any] = {"count": count, "filter": chosen.audit_fields, "file": file}
    with transaction() as current:
        audit.record(current, wanted.workspace_id, actor, "conversation.exported", **values)


def _lines(wanted: ConversationFilter) -> Iterator[str]:
    for said in export.messages(wanted):
        yield json.dumps(_facts(said), ensure_ascii=False) + "\n"


def _talk_rows(wanted: ConversationFilter) -> Iterator[tuple[object, ...]]:
    for talk in export.summaries(wanted):
        facts = asdict(talk) | {"conversation_id": talk.id}
        facts |= {name: _time(facts[name]) for name in ("started_at", "last_at")}
        yield tuple(facts[name] for name in _TALK_COLUMNS)


def _facts(said: ExportedMessage) -> dict[str, Any]:
    message, conversation = said.message, said.conversation
    same = {
        name: getattr(message, name)
        for name in (
            *("conversation_id", "role", "text", "status", "failure", "provider", "tokens_in"),
            *("tokens_out", "first_token_ms", "latency_ms", "cached"),
        )
    }
    values: dict[str, Any] = {"bot": conversation.bot.name, "origin": conversation.origin}
    values["message_id"] = message.id
    values |= {
        "at": _time(message.created_at),
        "model": message.model_id,
        "thumb": message.feedback,
    }
    values |= {"attempts": message.attempt, "sources": citations.shown(message.sources or [])}
    facts = same | values
    return {name: facts[name] for name in _COLUMNS}


def _flat(facts: dict[str, Any]) -> tuple[object, ...]:
    """A message as a table row: empty cells for missing values, sources by their titles."""
    titles = "; ".join(str(source["title"]) for source in facts["sources"])
    flat = facts | {"sources": titles}
    return tuple("" if value is None else value for value in flat.values())


def _time(moment: datetime) -> str:
    return moment.astimezone(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")
