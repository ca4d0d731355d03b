"""The jobs. Each calls one verb in core; arguments are ids, since RQ stores and logs them."""

from core.bots import deletion as bot_deletion
from core.bots.conversations import retention
from core.bots.retrieval import chunk_embeddings
from core.keys import checks
from core.knowledge import indexing
from core.outbox import sending


def check_candidate(check_id: str) -> None:
    """Behind *Validate & save*: proves a pasted key and stores it, or stores nothing."""
    checks.run_candidate(check_id)


def check_key(check_id: str, key_id: str, version: str) -> None:
    """Behind *Test* and behind a live refusal: proves a stored key's version again."""
    checks.run_key(check_id, key_id, int(version))


def forget_conversations(workspace_id: str) -> None:
    """Once a day for each workspace that keeps conversations for a time: deletes what is older."""
    retention.run(workspace_id)


def send_delivery(delivery_id: str) -> None:
    """Behind every mail and webhook: one try, by whoever claims it first."""
    sending.send(delivery_id)


def index_source(source_id: str, attempt: str) -> None:
    """Behind everything a bot is given: reads it and makes it found."""
    indexing.run(source_id, int(attempt))
    chunk_embeddings.embed_later(source_id, int(attempt))


def embed_source(source_id: str, attempt: str) -> None:
    """After that, for a bot that searches by meaning too: makes the vectors of its chunks."""
    chunk_embeddings.run(source_id, int(attempt))


def clear_bot(bot_id: str) -> None:
    """Behind *Delete* of a bot: its conversations and what it knows, a few rows at a time."""
    bot_deletion.clear(bot_id)


def clear_source(source_id: str) -> None:
    """Behind *Delete* of a source: its rows, a few at a time."""
    indexing.clear_removed(source_id)
