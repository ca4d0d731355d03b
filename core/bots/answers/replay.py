"""Follows an answer from any process: from its task, the stream log, or the finished row."""

from collections.abc import Iterator

from redis.exceptions import RedisError

from core import clock
from core.bots.answers import answer_task, outcomes, stream_log
from core.bots.answers.failure_messages import for_visitor
from core.bots.answers.live_answer import PING, Event, event_id, final_event, position_from_event_id
from core.bots.models import Message
from core.db import session, work_context

POLL_SECONDS = 3.0
MAX_SECONDS = 600.0


def follow(answer: Message, last_event_id: str = "") -> Iterator[Event]:
    """The events of an answer after `last_event_id`, ending with exactly one `done` or `error`."""
    position = position_from_event_id(last_event_id, answer.attempt)
    ids = {"message_id": answer.id, "question_id": answer.reply_to}
    yield Event("message", ids, event_id(answer.attempt, position))
    live = answer_task.live_answer(answer.id, answer.attempt)
    if live:
        yield from live.follow(position)
    elif answer.ended:
        yield from _from_row(answer, position)
    else:
        yield from _from_other_process(answer.id, answer.attempt, position)


def _from_row(answer: Message, position: int) -> Iterator[Event]:
    if text := answer.text[position:]:
        yield Event("delta", {"text": text}, event_id(answer.attempt, len(answer.text)))
    last_id = f"{answer.attempt}.end"
    if outcomes.is_done(answer.status, answer.failure):
        done = Event("done", {"status": answer.status, "usage": answer.usage()}, last_id)
        yield from final_event(done, answer.sources, event_id(answer.attempt, len(answer.text)))
        return
    code, sentence = for_visitor(answer.failure)
    yield Event("error", {"code": code, "message": sentence, "status": answer.status}, last_id)


def _from_other_process(message_id: str, attempt: int, position: int) -> Iterator[Event]:
    """For an answer of another process: its text from the stream log, its outcome from the row."""
    for event in _from_stream_log(message_id, attempt, position):
        if event.name == "delta":
            position += len(event.data["text"])
        yield event
    deadline = clock.monotonic() + MAX_SECONDS
    while not (row := _row(message_id)).ended and row.attempt == attempt:
        if clock.monotonic() > deadline:
            break
        yield PING
        clock.sleep(POLL_SECONDS)
    yield from _from_row(row, position if row.attempt == attempt else 0)


def _from_stream_log(message_id: str, attempt: int, position: int) -> Iterator[Event]:
    """The stream log after `position`, up to its end or to a gap left by a Redis outage."""
    try:
        for entry in stream_log.follow(message_id, attempt, POLL_SECONDS):
            if entry is None:
                if _row(message_id).ended:
                    return
                yield PING
            elif entry.position > position:
                return
            elif text := entry.text[max(0, position - entry.position) :]:
                position += len(text)
                yield Event("delta", {"text": text}, event_id(attempt, position))
    except RedisError:
        return


def _row(message_id: str) -> Message:
    with work_context():
        return session().get_one(Message, message_id)
