"""A visitor that talks to a bot through the endpoint, as the widget does."""

import json
from dataclasses import dataclass, field
from typing import Any

from flask import Flask
from flask.testing import FlaskClient
from werkzeug.test import TestResponse

from core.accounts.actor import OPERATOR, Actor
from core.accounts.models import Workspace
from core.bots import bots
from core.bots.bots import Draft
from core.bots.models import Bot, Message
from core.bots.quota import quota
from core.db import session
from core.keys import saving, store
from core.keys.models import ProviderKey
from core.keys.saving import Proof
from tests import marker

UNBOUNDED: dict[str, Any] = {"visitor_limit": 0, "address_limit": 0, "caches": False}
"""A bot without limits and cache: tests say the same thing often."""


@dataclass
class Reply:
    """What came over an event stream."""

    status: int
    events: list[tuple[str, dict[str, Any]]] = field(default_factory=list)
    ids: list[str] = field(default_factory=list)

    @property
    def text(self) -> str:
        return "".join(data["text"] for name, data in self.events if name == "delta")

    @property
    def last(self) -> str:
        return self.events[-1][0]

    @property
    def message_id(self) -> str:
        message_id: str = self.events[0][1]["message_id"]
        return message_id

    @property
    def row(self) -> Message:
        session().commit()
        session().expire_all()
        return session().get_one(Message, self.message_id)


class BotClient:
    def __init__(self, app: Flask, bot: Bot) -> None:
        self.client: FlaskClient = app.test_client()
        self.url = f"/v1/bots/{bot.id}"
        opened = self.client.post(f"{self.url}/conversations")
        assert opened.status_code == 201, opened.text
        self.conversation_id = opened.json["conversation_id"]
        self.token = opened.json["visitor_token"]

    def say(self, text: str = "Hello", **more: Any) -> Reply:
        return self._said(self.post("/messages", {"text": text, **more}))

    def retry(self, message_id: str) -> Reply:
        return self._said(self.post(f"/messages/{message_id}/retry"))

    def stop(self, message_id: str) -> TestResponse:
        return self.post(f"/messages/{message_id}/stop", accept="application/json")

    def events(self, message_id: str, last_event_id: str = "") -> Reply:
        url = f"{self.url}/messages/{message_id}/events"
        headers = self.headers() | {"Last-Event-ID": last_event_id}
        return self._said(self.client.get(url, headers=headers))

    def ask_json(self, text: str = "Hello", **more: Any) -> TestResponse:
        return self.post("/messages", {"text": text, **more}, accept="application/json")

    def messages(self) -> list[dict[str, Any]]:
        listed: list[dict[str, Any]] = self.client.get(
            f"{self.url}/messages", headers=self.headers()
        ).json["messages"]
        return listed

    def post(self, path: str, body: Any = None, accept: str = "text/event-stream") -> TestResponse:
        headers = self.headers() | {"Accept": accept}
        return self.client.post(self.url + path, json=body, headers=headers)

    def headers(self) -> dict[str, str]:
        return {"Authorization": f"Bearer {self.token}"}

    def _said(self, answer: TestResponse) -> Reply:
        assert not marker.in_bytes(answer.data)
        said = Reply(answer.status_code)
        for record in answer.text.split("\n\n"):
            _read(record, said)
        return said


def _read(record: str, said: Reply) -> None:
    fields = dict(
        line.split(": ", 1) for line in record.splitlines() if line and not line.startswith(":")
    )
    if "event" in fields:
        said.events.append((fields["event"], json.loads(fields["data"])))
        said.ids.append(fields["id"])


def key_of(workspace: Workspace, provider: str = "anthropic") -> ProviderKey:
    """The key as the database has it now."""
    session().commit()
    session().expire_all()
    return store.get(workspace.id, provider)


def used(workspace: Workspace) -> int:
    """Messages of this month that the quota has counted."""
    session().commit()
    return quota.status(workspace).used


def make_bot(workspace: Workspace, model: str = "mevichat:mini", **values: Any) -> Bot:
    draft = Draft(name=values.pop("name", "Support"), model=model, **(UNBOUNDED | values))
    return bots.create(workspace, draft, OPERATOR)


def make_key(workspace: Workspace, provider: str = "anthropic", secret: str = "") -> ProviderKey:
    """A stored, valid key, as if its check had passed."""
    made = {"anthropic": marker.anthropic_key, "bedrock": marker.bedrock_key}
    secret = secret or made.get(provider, marker.openai_key)()
    return saving.save(workspace.id, provider, secret, Actor("Owner"), Proof("chk_of_the_tests"))
