"""Re-encrypts everything sealed with the newest ring key while the service runs.

Each row is opened, sealed again, and written only if it still holds what was opened, so that a key
replaced meanwhile isn't overwritten. Moved rows are skipped the next time, so an interrupted run can just
be started again. Rows that can't be decrypted are left unchanged and reported.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Any

from sqlalchemy import Select, select, tuple_, update
from sqlalchemy.orm import Session

from core.accounts.models import Person
from core.db import changed_one, session, transaction
from core.errors import Unreadable
from core.keys.models import ProviderKey
from core.outbox.models import Delivery
from core.secrets import vault
from core.secrets.deployment_secrets import DeploymentSecret
from core.webhooks.models import Webhook

BATCH = 50

Progress = Callable[[str, int], None]
"""Called after each batch with the kind of secret and the number of rows processed so far."""


@dataclass
class Report:
    moved: int = 0
    there_already: int = 0
    unreadable: list[str] = field(default_factory=list)
    """Which rows, as a person can find them: `provider key acme anthropic`."""


@dataclass(frozen=True)
class SealedColumn:
    """A table with a sealed column. `key_context` names the attribute with its HKDF context."""

    what: str
    model: Any
    sealed: str
    key_context: str

    @property
    def primary_key(self) -> tuple[Any, ...]:
        return tuple(self.model.__table__.primary_key.columns)


SEALED_COLUMNS = (
    SealedColumn("provider key", ProviderKey, "sealed", "key_context"),
    SealedColumn("secret of this deployment", DeploymentSecret, "sealed", "key_context"),
    SealedColumn("two-factor authentication secret", Person, "totp_sealed", "totp_key_context"),
    SealedColumn("webhook secret", Webhook, "sealed_secret", "key_context"),
    SealedColumn("unsent message", Delivery, "sealed", "key_context"),
)


def reencrypt(progress: Progress = lambda _what, _count: None) -> Report:
    """Re-encrypts all sealed columns with the newest ring key. Safe to run at any time, repeatedly."""
    report = Report()
    for target in SEALED_COLUMNS:
        seen = 0
        for batch in _batches(target):
            _move(target, batch, report)
            seen += len(batch)
            progress(target.what, seen)
    return report


def _batches(target: SealedColumn) -> Iterator[list[Any]]:
    """All rows with a sealed value, ordered by primary key; each batch is a new query."""
    last: tuple[Any, ...] = ()
    while batch := list(session().scalars(_after(target, last))):
        last = tuple(getattr(batch[-1], column.name) for column in target.primary_key)
        session().commit()
        yield batch
        for row in batch:
            session().expunge(row)


def _after(target: SealedColumn, last: tuple[Any, ...]) -> Select[Any]:
    query = select(target.model).where(getattr(target.model, target.sealed) != "")
    if target.model is ProviderKey:
        query = query.where(ProviderKey.ring_key != vault.ring_key_names()[0])
    if last:
        query = query.where(tuple_(*target.primary_key) > tuple_(*last))
    return query.order_by(*target.primary_key).limit(BATCH)


def _move(target: SealedColumn, batch: list[Any], report: Report) -> None:
    """Re-encrypts outside the transaction, to keep that short."""
    ready: list[tuple[Any, str]] = []
    for row in batch:
        old = getattr(row, target.sealed)
        try:
            new = vault.resealed(old, getattr(row, target.key_context))
        except Unreadable:
            report.unreadable.append(f"{target.what} {_where(row)}")
            continue
        report.moved += new is not None
        report.there_already += new is None
        if new or target.model is ProviderKey:
            ready.append((row, new or old))
    if ready:
        with transaction() as current:
            for row, sealed in ready:
                _write(current, target, row, sealed)


def _write(current: Session, target: SealedColumn, row: Any, sealed: str) -> None:
    values = {target.sealed: sealed}
    if target.model is ProviderKey:
        values["ring_key"] = vault.ring_key_names()[0]
    same = [column == getattr(row, column.name) for column in target.primary_key]
    changed_one(
        current,
        update(target.model)
        .where(*same, getattr(target.model, target.sealed) == getattr(row, target.sealed))
        .values(values)
        .execution_options(synchronize_session=False),
    )


def _where(row: Any) -> str:
    if isinstance(row, ProviderKey):
        return f"{row.workspace_id} {row.provider}"
    if isinstance(row, Person):
        return row.email
    return " ".join(str(getattr(row, column.name)) for column in row.__table__.primary_key)
