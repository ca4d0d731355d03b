"""The jobs. Each calls one function in core. Arguments are ids only, because RQ stores and logs them."""

from core.bots import deletion as bot_deletion
from core.bots.conversations import retention
from core.bots.retrieval import chunk_embeddings
from core.keys import checks
from core.knowledge import indexing
from core.outbox import sending


def check_candidate(check_id: str) -> None:
    """For *Validate & save*: checks a pasted key, and stores it only if the check passes."""
    checks.run_candidate(check_id)


def check_key(check_id: str, key_id: str, version: str) -> None:
    """For *Test* and after a provider rejected a key: checks that version of a stored key again."""
    checks.run_key(check_id, key_id, int(version))


def forget_conversations(workspace_id: str) -> None:
    """Daily for each workspace with a retention period: deletes older conversations."""
    retention.run(workspace_id)


def send_delivery(delivery_id: str) -> None:
    """For every email and webhook: one delivery attempt, by the first worker to claim it."""
    sending.send(delivery_id)


def index_source(source_id: str, attempt: str) -> None:
    """For every new knowledge source: extracts its text and indexes it for search."""
    indexing.run(source_id, int(attempt))
    chunk_embeddings.embed_later(source_id, int(attempt))


def embed_source(source_id: str, attempt: str) -> None:
    """After indexing, for a bot with semantic search: creates the embeddings of the chunks."""
    chunk_embeddings.run(source_id, int(attempt))


def clear_bot(bot_id: str) -> None:
    """After a bot was deleted: removes its conversations and knowledge in small batches."""
    bot_deletion.clear(bot_id)


def clear_source(source_id: str) -> None:
    """After a source was deleted: removes its rows in small batches."""
    indexing.clear_removed(source_id)
