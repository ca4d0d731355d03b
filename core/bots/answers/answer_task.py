"""Answers: a task of this process reads the provider's stream from start to end.

The task outlives the visitor's connection. It adds text to its `LiveAnswer` and to the stream log,
and always ends by writing the row. The key is decrypted once, at the start.
"""

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

from core import clock
from core.bots import bots
from core.bots.answers import cache, heartbeat, outcomes, stop_signals, stream_log
from core.bots.answers.cache import FirstQuestion
from core.bots.answers.failure_messages import Reason
from core.bots.answers.live_answer import LiveAnswer
from core.bots.answers.outcomes import Outcome
from core.bots.answers.prompt import chat_request, room_for_knowledge
from core.bots.answers.turns import Turn
from core.bots.models import Bot, CachedAnswer, Message
from core.bots.retrieval import grounding
from core.bots.retrieval.grounding import NOTHING, Grounds
from core.db import release, session, work_context
from core.keys import store
from core.keys.store import Unusable, Usable
from core.knowledge import unanswered
from core.log import logger
from core.providers import client, endpoints
from core.providers.formats.request import ChatRequest
from core.providers.formats.response import Failed, Stop, TextDelta, Usage
from core.text import fit

CANCEL_TIMEOUT_SECONDS = 5.0

log = logger(__name__)

_running: dict[str, LiveAnswer] = {}
_tasks: set[threading.Thread] = set()
_streams: set[client.ChatStream] = set()


@dataclass(frozen=True)
class _Work:
    """What a stream needs besides the secret."""

    request: ChatRequest
    model: str
    """The provider's own name for it."""
    provider: str
    key: Usable | None
    question: FirstQuestion | None = None
    grounds: Grounds = NOTHING


def start(turn: Turn) -> LiveAnswer:
    """Starts the task of a new turn and returns its `LiveAnswer`."""
    live = LiveAnswer(turn.answer.id, turn.question_id, turn.answer.attempt)
    _running[live.message_id] = live
    task = threading.Thread(
        target=_run, args=(live,), name=f"answer-{live.message_id}", daemon=True
    )
    _tasks.add(task)
    task.start()
    heartbeat.keep_alive(_running)
    stop_signals.listen(_running)
    return live


def live_answer(message_id: str, attempt: int) -> LiveAnswer | None:
    """The running answer, if this process is writing it."""
    live = _running.get(message_id)
    return live if live and live.attempt == attempt else None


def drain(timeout_seconds: float) -> None:
    """Lets running answers finish when the process shuts down.

    Those that take too long are cut off and end as interrupted, keeping their text so far.
    """
    deadline = clock.monotonic() + timeout_seconds
    for task in list(_tasks):
        task.join(max(0.0, deadline - clock.monotonic()))
    for stream in list(_streams):
        stream.cancel()
    for task in list(_tasks):
        task.join(CANCEL_TIMEOUT_SECONDS)


def _run(live: LiveAnswer) -> None:
    try:
        with work_context():
            outcomes.end(live, _outcome(live))
    except Exception:
        log.exception("answer_lost", message_id=live.message_id)
        live.end(*outcomes.last_event(live, Reason.internal))
    finally:
        _running.pop(live.message_id, None)
        _tasks.discard(threading.current_thread())


def _outcome(live: LiveAnswer) -> Outcome:
    try:
        prepared = _prepare(live)
        release()
        return prepared if isinstance(prepared, Outcome) else _streamed(live, *prepared)
    except Exception:
        log.exception("answer_failed", message_id=live.message_id)
        return Outcome.failed(Reason.internal)


def _prepare(live: LiveAnswer) -> tuple[_Work, str] | Outcome:
    """The request and its secret, or the reason why it can't be sent."""
    answer = session().get_one(Message, live.message_id)
    bot = bots.get(answer.workspace_id, answer.bot_id)
    model = bot.model
    if model is None:
        return Outcome.failed(Reason.model_gone, bot.provider)
    if not bot.workspace.plan.allows_tier(model.bot_tier):
        return Outcome.failed(Reason.model_not_on_plan, model.provider)
    question = cache.first_question(bot, answer)
    if question and (known := cache.find(question)):
        return _from_cache(live, known, Outcome(model.provider, question=question))
    visitor_message = session().get_one(Message, answer.reply_to)
    grounds = grounding.grounds_for(
        bot, visitor_message, room_for_knowledge(bot, model, visitor_message.text)
    )
    if grounds.unknown:
        return _unknown(live, bot, visitor_message)
    request, upstream_model = (
        chat_request(bot, model, answer, grounds),
        endpoints.upstream_model(model),
    )
    if model.provider == endpoints.MINI:
        work = _Work(request, upstream_model, model.provider, None, question, grounds)
        return work, endpoints.mini_key()
    found = store.use(bot.workspace, model.provider)
    if isinstance(found, Unusable):
        return Outcome.failed(found.reason, model.provider)
    work = _Work(request, upstream_model, model.provider, found[0], question, grounds)
    return work, found[1]


def _unknown(live: LiveAnswer, bot: Bot, visitor_message: Message) -> Outcome:
    """Answers that the bot doesn't know, and records the question.

    No model was called, so nothing is cached.
    """
    unanswered.record(bot.workspace_id, bot.id, visitor_message.text)
    said = bot.unknown_text or grounding.DONT_KNOW
    append_text(live, said)
    outcome = Outcome()
    outcome.finish(said)
    return outcome


def _from_cache(live: LiveAnswer, known: CachedAnswer, outcome: Outcome) -> Outcome:
    append_text(live, known.text)
    outcome.finish(known.text)
    outcome.cached, outcome.sources = True, known.sources
    return outcome


def append_text(live: LiveAnswer, text: str) -> None:
    """Adds text for this process's readers and, through the stream log, for other processes."""
    stream_log.write(live.message_id, live.attempt, len(live.text), text)
    live.add(text)


def _streamed(live: LiveAnswer, work: _Work, secret: str) -> Outcome:
    """Reads the provider's stream to its end; always sets the outcome."""
    started = clock.monotonic()
    outcome = Outcome(work.provider, work.key, question=work.question, sources=work.grounds.sources)
    with _cancellable(live, work, secret) as stream:
        for part in stream:
            if isinstance(part, TextDelta):
                outcome.first_token_ms = outcome.first_token_ms or _milliseconds_since(started)
                append_text(live, fit(part.text))
            elif isinstance(part, Usage):
                outcome.add_usage(part)
            elif isinstance(part, Stop):
                outcome.finish(live.text)
            elif isinstance(part, Failed):
                outcome.fail(part.failure, partial=bool(live.text))
    if live.stopping and outcome.was_cancelled:
        outcome.stop()
    outcome.latency_ms = _milliseconds_since(started)
    return outcome


@contextmanager
def _cancellable(live: LiveAnswer, work: _Work, secret: str) -> Iterator[client.ChatStream]:
    """Registers the provider's stream, so that `drain` and a stop can end it."""
    endpoint, timeouts = endpoints.endpoint(work.provider), endpoints.timeouts()
    with client.stream_chat(endpoint, secret, work.request, work.model, timeouts) as stream:
        _streams.add(stream)
        live.on_stop(stream.cancel)
        try:
            yield stream
        finally:
            _streams.discard(stream)


def _milliseconds_since(started: float) -> int:
    return max(1, round((clock.monotonic() - started) * 1000))
