"""The filter of conversations for a page, an export or a deletion, read from the URL and written to it."""

from dataclasses import dataclass
from datetime import UTC, date, datetime
from typing import Any

from flask import request

from core.accounts.models import Workspace
from core.bots.conversations.search import SHORTEST_TEXT, STATES, ConversationFilter, Cursor
from web.days import day_in, midnight

LONGEST_TEXT = 200
STATE_LABELS = {
    "failed": "Failed answer",
    "unanswered": "“I don’t know” answer",
    "down": "Thumbs down",
    "up": "Thumbs up",
    "cached": "Answered from the cache",
}
assert set(STATE_LABELS) == set(STATES)  # noqa: S101  (fails at the start, not in front of people)


@dataclass(frozen=True)
class Filter:
    """The filter, as in the URL."""

    bot: str = ""
    text: str = ""
    state: str = ""
    origin: str = ""
    since: date | None = None
    until: date | None = None

    @property
    def query(self) -> dict[str, Any]:
        texts = {"bot": self.bot, "q": self.text, "state": self.state, "origin": self.origin}
        days = {"from": self.since, "to": self.until}
        return {name: str(value) for name, value in (texts | days).items() if value}

    @property
    def too_short(self) -> bool:
        """Searching for one letter would match nearly every message, so it is ignored."""
        return 0 < len(self.text) < SHORTEST_TEXT

    def wanted(self, workspace: Workspace) -> ConversationFilter:
        return ConversationFilter(
            workspace.id,
            bot_id=self.bot,
            text="" if self.too_short else self.text,
            state=self.state,
            origin=self.origin,
            since=midnight(self.since),
            until=midnight(self.until, days_later=1),
        )

    @property
    def audit_fields(self) -> dict[str, str]:
        """For the audit log: which filters were set, without the search text, which may be personal."""
        return self.query | ({"q": "…"} if self.text else {})


def from_request(fields: Any = None) -> Filter:
    """From the query string, or from the fields of a form."""
    fields = request.args if fields is None else fields
    state = fields.get("state", "")
    return Filter(
        fields.get("bot", "")[:40],
        " ".join(fields.get("q", "").split())[:LONGEST_TEXT],
        state if state in STATES else "",
        fields.get("origin", "")[:200],
        day_in(fields.get("from", "")),
        day_in(fields.get("to", "")),
    )


def cursor() -> Cursor | None:
    """The page cursor that `written` wrote."""
    moment, _, conversation_id = request.args.get("before", "").partition("~")
    try:
        at = datetime.fromisoformat(moment)
    except ValueError:
        return None
    return Cursor(at, conversation_id[:40]) if at.tzinfo and at.year > 1 else None


def written(place: Cursor) -> str:
    return f"{place.last_at.astimezone(UTC).replace(tzinfo=None).isoformat()}Z~{place.id}"
