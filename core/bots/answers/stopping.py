"""Stops an answer for its visitor: ends the provider's call in any process, and keeps the text so far.

The process that writes the answer ends it. If it can't be reached or takes longer than two seconds,
the row is ended here, which that process notices.
"""

from core import clock
from core.bots.answers import answer_task, outcomes, stop_signals, turns
from core.bots.models import Conversation, Message
from core.db import release, session, work_context

WAIT_SECONDS = 2.0
POLL_SECONDS = 0.1


def stop(conversation: Conversation, message_id: str) -> Message:
    """Returns the answer afterwards; one that had already ended is unchanged."""
    answer = turns.find_answer(conversation, message_id)
    if answer.ended:
        return answer
    if not _ended_by_writer(answer):
        outcomes.end_stopped(answer)
    return _row(answer.id)


def _ended_by_writer(answer: Message) -> bool:
    live = answer_task.live_answer(answer.id, answer.attempt)
    release()
    if live:
        live.stop()
        return live.wait(WAIT_SECONDS)
    return stop_signals.send(answer.id, answer.attempt) and _ends_elsewhere(answer)


def _ends_elsewhere(answer: Message) -> bool:
    deadline = clock.monotonic() + WAIT_SECONDS
    while clock.monotonic() < deadline:
        row = _row(answer.id)
        if row.ended or row.attempt != answer.attempt:
            return True
        clock.sleep(POLL_SECONDS)
    return False


def _row(message_id: str) -> Message:
    with work_context():
        return session().get_one(Message, message_id)
