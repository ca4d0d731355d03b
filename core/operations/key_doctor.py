"""Looks over all provider keys, and over what checks them, for the operator: what is wrong, what to do."""

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
    """`facts` are sentences about what is well, `problems` what an operator should act on."""

    facts: list[str] = field(default_factory=list)
    problems: list[str] = field(default_factory=list)


def examine() -> Findings:
    findings = Findings()
    _examine_rows(findings)
    _examine_queue(findings)
    return findings


def _examine_rows(findings: Findings) -> None:
    """Opens every stored key once, and says under which ring key it is sealed."""
    under: Counter[str] = Counter()
    rows = select(ProviderKey, Workspace.slug).join(
        Workspace, Workspace.id == ProviderKey.workspace_id
    )
    for key, slug in session().execute(rows.execution_options(yield_per=200)):
        try:
            under[vault.ring_key_of(key.sealed, key.place)] += 1
        except Unreadable:
            findings.problems.append(
                f"The {key.provider} key of {slug} opens with no ring key: put the ring key that it was "
                "sealed under back into ENCRYPTION_KEYS, or have it entered again."
            )
    newest, *older = vault.ring_key_names()
    findings.facts.append(f"{under[newest]} keys are sealed under the newest ring key ({newest}).")
    for name in older:
        if under[name]:
            findings.problems.append(
                f"{under[name]} keys are still under the older ring key {name}: run flask keys reencrypt."
            )
        else:
            findings.facts.append(
                f"No provider key needs the older ring key {name}. Once flask keys reencrypt has "
                "run to its end, it can go from ENCRYPTION_KEYS."
            )


def _examine_queue(findings: Findings) -> None:
    connection = queue.redis_connection()
    try:
        waiting = Queue(queue.CHECKS, connection=connection, serializer=queue.SERIALIZER).count
        workers = [w for w in Worker.all(connection) if queue.CHECKS in w.queue_names()]
    except RedisError:
        findings.problems.append("Redis does not answer: keys can be used, but not checked.")
        return
    if not workers:
        findings.problems.append("No worker takes checks: start one (bin/run does).")
    findings.facts.append(f"{len(workers)} workers take checks; {waiting} checks wait.")
