"""Diagnoses provider keys and the workers that check them: what is wrong and how to fix it."""

from collections import Counter
from dataclasses import dataclass, field

from redis.exceptions import RedisError
from rq import Queue, Worker
from sqlalchemy import select

from core import queue
from core.accounts.models import Workspace
from core.db import session
from core.errors import Unreadable
from core.keys.models import ProviderKey
from core.secrets import vault


@dataclass
class Findings:
    """`facts` are sentences about what is fine, `problems` about what the operator should fix."""

    facts: list[str] = field(default_factory=list)
    problems: list[str] = field(default_factory=list)


def examine() -> Findings:
    findings = Findings()
    _examine_rows(findings)
    _examine_queue(findings)
    return findings


def _examine_rows(findings: Findings) -> None:
    """Opens every stored key and counts the keys under each ring key."""
    keys_by_ring_key: Counter[str] = Counter()
    rows = select(ProviderKey, Workspace.slug).join(
        Workspace, Workspace.id == ProviderKey.workspace_id
    )
    for key, slug in session().execute(rows.execution_options(yield_per=200)):
        try:
            keys_by_ring_key[vault.ring_key_of(key.sealed, key.key_context)] += 1
        except Unreadable:
            findings.problems.append(
                f"The {key.provider} key of {slug} can’t be decrypted. Add the ring key it was encrypted "
                "with back to ENCRYPTION_KEYS, or have the key entered again."
            )
    newest, *older = vault.ring_key_names()
    findings.facts.append(f"{keys_by_ring_key[newest]} keys use the newest ring key ({newest}).")
    for name in older:
        if keys_by_ring_key[name]:
            findings.problems.append(
                f"{keys_by_ring_key[name]} keys still use the older ring key {name}. "
                "Run flask keys reencrypt."
            )
        else:
            findings.facts.append(
                f"No provider key uses the older ring key {name}. After flask keys reencrypt has "
                "finished, you can remove it from ENCRYPTION_KEYS."
            )


def _examine_queue(findings: Findings) -> None:
    connection = queue.redis_connection()
    try:
        waiting = Queue(queue.CHECKS, connection=connection, serializer=queue.SERIALIZER).count
        workers = [w for w in Worker.all(connection) if queue.CHECKS in w.queue_names()]
    except RedisError:
        findings.problems.append("Redis isn’t responding. Keys can be used, but not checked.")
        return
    if not workers:
        findings.problems.append("No worker runs checks. Start one (bin/run does).")
    findings.facts.append(f"{len(workers)} workers run checks. {waiting} checks are waiting.")
