"""What a bot was given: added, read again, removed. How it is read is in `indexing.py`.

Each verb writes its audit line in the same transaction; one that changes what the bot knows raises
the bot's version there too, through a hook, since bots are not known here.
"""

import json
from collections.abc import Callable

from sqlalchemy import select, update
from sqlalchemy.orm import Session

from core import clock, queue
from core.accounts import audit
from core.accounts.actor import Actor
from core.accounts.models import Workspace
from core.db import changed_one, session, transaction
from core.errors import Busy, Conflict, Invalid, NotFound, TooLarge
from core.http import NO_PRIVATE_HOSTS, HttpError, PrivateHosts
from core.knowledge import allowance, chunks
from core.knowledge.models import (
    FILE,
    PAGE,
    QA,
    READING,
    REMOVED,
    SITEMAP,
    TEXT,
    WAITING,
    Source,
    SourceContent,
)
from core.knowledge.reading import sniffing
from core.knowledge.reading.sections import LONGEST_SECONDS, Refused
from core.log import logger
from core.settings import Settings
from core.text import fit

MAX_TITLE_LENGTH = 200
MAX_TEXT_LENGTH = 500_000
MAX_ANSWER_LENGTH = 10_000
MAX_FILE_BYTES = 20 * 1024 * 1024

_JOB_SECONDS = LONGEST_SECONDS + 60
log = logger(__name__)

_changed: Callable[[Session, str], None] | None = None
_private_hosts = NO_PRIVATE_HOSTS


def configure(changed: Callable[[Session, str], None], settings: Settings) -> None:
    """Called once by `create_app`: what is to happen when the knowledge of a bot changes."""
    global _changed, _private_hosts
    _changed, _private_hosts = changed, PrivateHosts.parse(settings.private_pages)


def mark_changed(current: Session, bot_id: str) -> None:
    """This bot knows something else from now on; in the transaction that makes it so."""
    assert _changed is not None, "create_app has not run"  # noqa: S101  (a mistake in our code)
    _changed(current, bot_id)


def private_hosts() -> PrivateHosts:
    """The hosts of this deployment's own network from which pages may be read."""
    return _private_hosts


def add_text(workspace: Workspace, bot_id: str, title: str, text: str, actor: Actor) -> Source:
    """A text that somebody typed or pasted. Raises `Invalid` or `TooLarge` with a sentence."""
    text = _bounded("text", fit(text).strip(), MAX_TEXT_LENGTH)
    title = _title(title or text.splitlines()[0])
    return _add(workspace, Source(bot_id=bot_id, kind=TEXT, title=title), text.encode(), actor)


def add_file(workspace: Workspace, bot_id: str, name: str, data: bytes, actor: Actor) -> Source:
    """An uploaded file, its kind told by its content. Raises `Invalid` or `TooLarge`."""
    title = _title(name.replace("\\", "/").rpartition("/")[2] or "File")
    if len(data) > MAX_FILE_BYTES:
        megabytes = MAX_FILE_BYTES >> 20
        raise TooLarge(f"“{title}” is larger than {megabytes} MB. Split it into smaller files.")
    try:
        media_type = sniffing.media_type(title, data)
    except Refused as error:
        raise Invalid(f"“{title}”: {error.message}", field="file") from None
    source = Source(bot_id=bot_id, kind=FILE, title=title, media_type=media_type)
    return _add(workspace, source, data, actor)


def add_qa(workspace: Workspace, bot_id: str, question: str, answer: str, actor: Actor) -> Source:
    """A question with the answer to it, found as one. Raises `Invalid` or `TooLarge`."""
    question = _bounded("question", " ".join(fit(question).split()), MAX_TITLE_LENGTH)
    answer = _bounded("answer", fit(answer).strip(), MAX_ANSWER_LENGTH)
    data = json.dumps({"question": question, "answer": answer}, ensure_ascii=False).encode()
    return _add(workspace, Source(bot_id=bot_id, kind=QA, title=question), data, actor)


def add_page(
    workspace: Workspace, bot_id: str, url: str, actor: Actor, sitemap: bool = False
) -> Source:
    """A web page, or all pages of a sitemap, read when they are indexed. Raises `Invalid`."""
    try:
        address = _private_hosts.checked(url.strip())
    except HttpError as error:
        raise Invalid(error.message, field="url") from None
    kind = SITEMAP if sitemap else PAGE
    title = address.partition("://")[2].rstrip("/")[:MAX_TITLE_LENGTH]
    return _add(workspace, Source(bot_id=bot_id, kind=kind, title=title, url=address), None, actor)


def sources_of(bot_id: str) -> list[Source]:
    """What a bot was given, the newest first."""
    rows = session().scalars(
        select(Source)
        .where(Source.bot_id == bot_id, Source.status != REMOVED)
        .order_by(Source.added_at.desc(), Source.id.desc())
        .execution_options(populate_existing=True)
    )
    return list(rows)


def get(workspace_id: str, source_id: str) -> Source:
    """Raises `NotFound`, for those of other workspaces too."""
    found = session().get(Source, source_id, populate_existing=True)
    if found is None or found.workspace_id != workspace_id or found.status == REMOVED:
        raise NotFound("This workspace has no such source.")
    return found


def has_knowledge(bot_id: str) -> bool:
    """Whether anything can be found for this bot."""
    return chunks.any_of_bot(bot_id)


def reindex(source: Source, actor: Actor) -> None:
    """Reads it again from its content or address; what is there answers meanwhile."""
    with transaction() as current:
        is_claimed = changed_one(
            current,
            update(Source)
            .where(Source.id == source.id, Source.status.not_in((WAITING, READING, REMOVED)))
            .values(status=WAITING, attempt=Source.attempt + 1, **_FRESH, alive_at=clock.now()),
        )
        if not is_claimed:
            raise Conflict("This source is already being read, or was deleted.")
        _record(current, source, actor, "source.read_again")
    index_later(get(source.workspace_id, source.id))


def remove(source: Source, actor: Actor) -> None:
    """Nothing of it is found from now on; its rows go a few at a time, so that nobody waits."""
    with transaction() as current:
        gone = update(Source).where(Source.id == source.id, Source.status != REMOVED)
        if not changed_one(current, gone.values(status=REMOVED, attempt=Source.attempt + 1)):
            return
        chunks.hide(current, source.id)
        mark_changed(current, source.bot_id)
        _record(current, source, actor, "source.removed")
    clear_later(source.id)


def index_later(source: Source) -> None:
    """Queues the reading of this attempt; without Redis the schedule does it later."""
    _enqueue("workers.jobs.index_source", source.id, str(source.attempt))


def clear_later(source_id: str) -> None:
    """Queues the deletion of what a removed source left."""
    _enqueue("workers.jobs.clear_source", source_id)


_FRESH = {"reason": "", "done": 0, "total": 0}


def _add(workspace: Workspace, source: Source, data: bytes | None, actor: Actor) -> Source:
    source.workspace_id = workspace.id
    source.added_by, source.alive_at = actor.name[:100], clock.now()
    source.size_bytes = len(data or b"")
    with transaction() as current:
        allowance.check_one_more(current, workspace)
        current.add(source)
        current.flush()
        if data is not None:
            current.add(SourceContent(source_id=source.id, data=data))
        _record(current, source, actor, "source.added")
    index_later(source)
    return source


def _enqueue(name: str, *ids: str) -> None:
    try:
        queue.enqueue(queue.KNOWLEDGE, name, *ids, timeout_seconds=_JOB_SECONDS)
    except Busy:
        log.warning("knowledge_waits_for_the_schedule", job=name)


def _title(text: str) -> str:
    return (" ".join(fit(text).split()) or "Text")[:MAX_TITLE_LENGTH]


def _bounded(what: str, text: str, longest: int) -> str:
    if not text:
        raise Invalid(f"Enter the {what}.", field=what)
    if len(text) > longest:
        sentence = f"The {what} can have {longest:,} characters; this has {len(text):,}."
        raise TooLarge(sentence) if what == "text" else Invalid(sentence, field=what)
    return text


def _record(current: Session, source: Source, actor: Actor, action: str) -> None:
    details = {"bot": source.bot_id, "kind": source.kind, "title": source.title[:80]}
    audit.record(current, source.workspace_id, actor, action, source.id, **details)
