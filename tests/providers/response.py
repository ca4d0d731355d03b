"""From a reply to the steps on the wire, in the vendor's words. Which reply: see `reception.py`."""

import json
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from .calls import Call
from .formats import embeddings
from .formats.problems import Problem, addressed, fill, problem_for
from .formats.wire import Wire, Writing, write
from .gate import Gate
from .parts import Answer, ErrorEvent, Failure, HangUp, Raw
from .reply import Reply
from .sockets.http1 import head, merged
from .sockets.plan import Plan
from .sockets.steps import Close, Hold, Pause, Send, Step

_JSON = {"content-type": "application/json"}
_EVENTS = {"content-type": "text/event-stream; charset=utf-8", "cache-control": "no-cache"}


@dataclass(frozen=True)
class Response:
    """What one call is going to be told."""

    wire: Wire
    call: Call
    number: int
    reply: Reply
    gate: Gate | None

    def steps(self) -> Iterator[Step]:
        """The reply, late if it is to be."""
        if self.reply.travel.first_byte_seconds:
            yield Pause(self.reply.travel.first_byte_seconds)
        match self.reply.what:
            case Answer() as answer:
                yield from self._answer(answer)
            case Failure() as failure:
                yield from self.problem(problem_for(self.wire.PROBLEMS, failure))
            case Raw() as raw:
                yield from self._raw(raw)
            case HangUp():
                yield Close()

    def problem(self, problem: Problem) -> Iterator[Step]:
        """An error response."""
        body = _encoded(self.wire.error_body(addressed(problem, self.call), self._request_id))
        headers = self._vendor_headers(problem) | _JSON
        yield Send(self._head(problem.status, headers, len(body)) + body)

    def document(self, document: dict[str, Any]) -> Iterator[Step]:
        """A 200 with this body."""
        body = _encoded(document)
        yield Send(self._head(200, self._vendor_headers() | _JSON, len(body)) + body)

    def _answer(self, answer: Answer) -> Iterator[Step]:
        if self.call.is_embedding:
            plan = Plan(0, self.reply.fault, self.reply.travel, self.gate)
            return self._in_one_piece(embeddings.document_of(self.call.body), plan)
        writing = write(answer, self.call, self.number)
        plan = Plan(writing.tokens_out, self.reply.fault, self.reply.travel, self.gate)
        return (
            self._streamed(writing, plan) if self.call.stream else self._unstreamed(writing, plan)
        )

    def _streamed(self, writing: Writing, plan: Plan) -> Iterator[Step]:
        problem = self._problem_inside()
        error_event = self.wire.error_event(problem, self._request_id) if problem else ""
        yield Send(self._head(200, self._vendor_headers() | self._events))
        yield from plan.of_stream(self.wire.stream(writing, self.call), error_event)

    def _unstreamed(self, writing: Writing, plan: Plan) -> Iterator[Step]:
        return self._in_one_piece(self.wire.answer(writing, self.call), plan)

    def _in_one_piece(self, document: dict[str, Any], plan: Plan) -> Iterator[Step]:
        if self.gate:
            yield Hold(self.gate)
        if problem := self._problem_inside():
            yield from self.problem(problem)
            return
        body = plan.damaged(_encoded(document))
        yield Send(self._head(200, self._vendor_headers() | _JSON, len(body)))
        yield from plan.of_body(body)

    def _problem_inside(self) -> Problem | None:
        if not isinstance(self.reply.fault, ErrorEvent):
            return None
        return addressed(problem_for(self.wire.PROBLEMS, self.reply.fault.failure), self.call)

    def _raw(self, raw: Raw) -> Iterator[Step]:
        body = fill(raw.body, self.call)
        headers = self._vendor_headers() if raw.from_vendor else {}
        if raw.content_type:
            headers["content-type"] = raw.content_type
        yield Send(self._head(raw.status, headers, len(body)) + body)

    @property
    def _events(self) -> dict[str, str]:
        return getattr(self.wire, "EVENTS", _EVENTS)

    @property
    def _request_id(self) -> str:
        return f"req_{self.number:024d}"

    def _vendor_headers(self, problem: Problem | None = None) -> dict[str, str]:
        return self.wire.headers(self._request_id, problem)

    def _head(self, status: int, headers: dict[str, str], length: int | None = None) -> bytes:
        self.call.status = status
        return head(status, merged(headers, self.reply.headers), length)


def _encoded(document: dict[str, Any]) -> bytes:
    return json.dumps(document, ensure_ascii=False).encode()
