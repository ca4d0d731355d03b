"""What reached the provider: a `Call` a request, without key or body in its repr, and their log."""

import threading
import time
from collections import deque
from dataclasses import dataclass, field
from typing import Any


@dataclass(eq=False)
class Call:
    """One request, and how its answer ended. The last four fields change meanwhile."""

    wire: str
    """The name of its format, such as "anthropic" or "openai"."""
    method: str
    path: str
    key: str = field(repr=False)
    headers: dict[str, str] = field(repr=False)
    """By lower-case name."""
    body: dict[str, Any] = field(default_factory=dict, repr=False)
    raw: bytes = field(default=b"", repr=False)
    """The body as it came."""
    query: str = ""
    started_at: float = field(default_factory=time.monotonic, repr=False)
    """When the whole request had been read, by the monotonic clock."""
    is_chat: bool = False
    is_embedding: bool = False
    is_json: bool = True
    """Whether the body could be read at all; if not, `body` is empty."""
    status: int | None = None
    """The status answered; None before that, and if the connection was closed with nothing said."""
    answered_tokens: int = 0
    """Text chunks sent so far; once the answer is whole, the tokens_out it was counted as."""
    client_left: bool = False
    """The client closed the connection before the end."""
    _over: threading.Event = field(default_factory=threading.Event, repr=False)

    @property
    def model(self) -> str:
        """The model asked for, or nothing."""
        return str(self.body.get("model") or "")

    @property
    def stream(self) -> bool:
        """Whether a stream was asked for."""
        return self.body.get("stream") is True

    @property
    def is_over(self) -> bool:
        """Whether nothing more will be sent."""
        return self._over.is_set()

    def end(self) -> None:
        """Says that nothing more will be sent."""
        self._over.set()

    def wait_until_over(self, timeout_seconds: float = 5) -> "Call":
        """Returns this call once it is over and its last fields are final. Raises TimeoutError."""
        if not self._over.wait(timeout_seconds):
            raise TimeoutError(
                f"{self.method} {self.path} is still being answered after {timeout_seconds} s"
            )
        return self


class CallLog:
    """Every call in order of arrival; the oldest are forgotten past `limit`."""

    def __init__(self, limit: int | None = None) -> None:
        self._calls: deque[Call] = deque(maxlen=limit)
        self._changed = threading.Condition()

    def add(self, call: Call) -> None:
        """Appends a call."""
        with self._changed:
            self._calls.append(call)
            self._changed.notify_all()

    def snapshot(self) -> list[Call]:
        """The calls so far, as a list of its own."""
        with self._changed:
            return list(self._calls)

    def clear(self) -> None:
        """Forgets every call."""
        with self._changed:
            self._calls.clear()

    def wait_for(self, count: int, timeout_seconds: float) -> list[Call]:
        """Returns the calls once there are this many. Raises TimeoutError."""
        with self._changed:
            if not self._changed.wait_for(lambda: len(self._calls) >= count, timeout_seconds):
                raise TimeoutError(
                    f"{len(self._calls)} of {count} calls arrived in {timeout_seconds} s"
                )
            return list(self._calls)
