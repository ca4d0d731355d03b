"""A visitor's program: the bot endpoint over real HTTP, with a connection of its own for each request."""

import json
from collections.abc import Iterator
from dataclasses import dataclass
from http.client import HTTPConnection, HTTPException, HTTPResponse
from typing import Any, Self

from tests import marker

SILENCE_SECONDS = 60


@dataclass(frozen=True)
class Event:
    name: str
    data: dict[str, Any]
    id: str


class Stream:
    """An answer as it comes. `events` are those read so far; `port` is this end of the connection."""

    def __init__(self, connection: HTTPConnection, response: HTTPResponse, port: int) -> None:
        self.port = port
        self.status = response.status
        self.events: list[Event] = []
        self._connection = connection
        self._response = response
        self._coming = self._read()

    def until(self, name: str) -> Self:
        """Reads up to the next event of that name."""
        for event in self._coming:
            if event.name == name:
                return self
        raise AssertionError(f"the stream ended without {name!r}: {self.events}")

    def to_its_end(self) -> Self:
        for _ in self._coming:
            pass
        return self

    def close(self) -> None:
        """Leaves, as somebody who closes the page."""
        self._connection.close()

    @property
    def text(self) -> str:
        return "".join(event.data["text"] for event in self.events if event.name == "delta")

    @property
    def message_id(self) -> str:
        return str(self.events[0].data["message_id"])

    @property
    def last(self) -> Event:
        return self.events[-1]

    def _read(self) -> Iterator[Event]:
        """Whole events, until the end or until the line breaks."""
        fields: dict[str, str] = {}
        for line in self._lines():
            name, _, value = line.partition(": ")
            if line:
                fields |= {name: value} if name else {}
            elif "event" in fields:
                event = Event(fields["event"], json.loads(fields["data"]), fields["id"])
                self.events.append(event)
                yield event
                fields = {}

    def _lines(self) -> Iterator[str]:
        try:
            while line := self._response.readline():
                assert not marker.in_bytes(line)
                yield line.decode().rstrip("\n")
        except (OSError, HTTPException):
            return
        finally:
            self._connection.close()


class Visitor:
    """One conversation with a bot."""

    def __init__(self, port: int, bot_id: str) -> None:
        self._port = port
        self._path = f"/v1/bots/{bot_id}"
        self._token = ""
        status, opened = self._json("POST", "/conversations")
        assert status == 201, opened
        self._token = opened["visitor_token"]

    def say(self, text: str) -> Stream:
        """Sends a message; its answer begins to come."""
        return self._stream("POST", "/messages", {"text": text})

    def ask(self, text: str) -> tuple[int, dict[str, Any]]:
        """Sends a message and waits for the whole answer, as JSON."""
        return self._json("POST", "/messages", {"text": text})

    def follow(self, message_id: str, last_event_id: str = "") -> Stream:
        """Goes on with an answer, on a new connection."""
        headers = {"Last-Event-ID": last_event_id} if last_event_id else {}
        return self._stream("GET", f"/messages/{message_id}/events", None, headers)

    def retry(self, message_id: str) -> Stream:
        return self._stream("POST", f"/messages/{message_id}/retry", {})

    def messages(self) -> list[dict[str, Any]]:
        listed: list[dict[str, Any]] = self._json("GET", "/messages")[1]["messages"]
        return listed

    def _stream(
        self, method: str, path: str, body: Any, headers: dict[str, str] | None = None
    ) -> Stream:
        wanted = {"Accept": "text/event-stream"} | (headers or {})
        connection, port = self._send(method, path, body, wanted)
        return Stream(connection, connection.getresponse(), port)

    def _json(self, method: str, path: str, body: Any = None) -> tuple[int, dict[str, Any]]:
        connection, _ = self._send(method, path, body, {"Accept": "application/json"})
        response = connection.getresponse()
        content = response.read()
        connection.close()
        assert not marker.in_bytes(content)
        return response.status, json.loads(content)

    def _send(
        self, method: str, path: str, body: Any, headers: dict[str, str]
    ) -> tuple[HTTPConnection, int]:
        connection = HTTPConnection("127.0.0.1", self._port, timeout=SILENCE_SECONDS)
        connection.connect()
        headers = headers | {"Connection": "close"}
        if self._token:
            headers["Authorization"] = f"Bearer {self._token}"
        port: int = connection.sock.getsockname()[1]
        sent = None if body is None else json.dumps(body)
        connection.request(method, self._path + path, sent, headers)
        return connection, port
