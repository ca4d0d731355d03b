"""Moves everything that is sealed to the newest ring key while the service runs.

Row by row: opened, sealed again, and written only if the row still holds what was opened, so that a
key replaced meanwhile stays as it is. What is moved is not looked at again, so that a run that was
killed is simply started once more. What cannot be read is left as it is and reported.
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
"""Told after each batch: of what, and how many rows have been looked at."""


@dataclass
class Report:
    moved: int = 0
    there_already: int = 0
    unreadable: list[str] = field(default_factory=list)
    """What it is of, as a person can find it: `provider key acme anthropic`."""


@dataclass(frozen=True)
class Shelf:
    """A table with something sealed in it. `place` is the attribute that says what it is sealed for."""

    what: str
    model: Any
    sealed: str
    place: str

    @property
    def primary_key(self) -> tuple[Any, ...]:
        return tuple(self.model.__table__.primary_key.columns)


SHELVES = (
    Shelf("provider key", ProviderKey, "sealed", "place"),
    Shelf("secret of this deployment", DeploymentSecret, "sealed", "place"),
    Shelf("second factor", Person, "totp_sealed", "totp_place"),
    Shelf("webhook secret", Webhook, "sealed_secret", "place"),
    Shelf("unsent message", Delivery, "sealed", "place"),
)


def reencrypt(progress: Progress = lambda _what, _count: None) -> Report:
    """Brings all shelves to the newest ring key; may run at any time, and again."""
    report = Report()
    for shelf in SHELVES:
        seen = 0
        for batch in _batches(shelf):
            _move(shelf, batch, report)
            seen += len(batch)
            progress(shelf.what, seen)
    return report


def _batches(shelf: Shelf) -> Iterator[list[Any]]:
    """Every row with something sealed, in the order of its key; each batch read afresh."""
    last: tuple[Any, ...] = ()
    while batch := list(session().scalars(_after(shelf, last))):
        last = tuple(getattr(batch[-1], column.name) for column in shelf.primary_key)
        session().commit()
        yield batch
        for row in batch:
            session().expunge(row)


def _after(shelf: Shelf, last: tuple[Any, ...]) -> Select[Any]:
    wanted = select(shelf.model).where(getattr(shelf.model, shelf.sealed) != "")
    if shelf.model is ProviderKey:
        wanted = wanted.where(ProviderKey.ring_key != vault.ring_key_names()[0])
    if last:
        wanted = wanted.where(tuple_(*shelf.primary_key) > tuple_(*last))
    return wanted.order_by(*shelf.primary_key).limit(BATCH)


def _move(shelf: Shelf, batch: list[Any], report: Report) -> None:
    """Seals outside the transaction, which then is a few milliseconds long."""
    ready: list[tuple[Any, str]] = []
    for row in batch:
        old = getattr(row, shelf.sealed)
        try:
            new = vault.resealed(old, getattr(row, shelf.place))
        except Unreadable:
            report.unreadable.append(f"{shelf.what} {_where(row)}")
            continue
        report.moved += new is not None
        report.there_already += new is None
        if new or shelf.model is ProviderKey:
            ready.append((row, new or old))
    if ready:
        with transaction() as current:
            for row, sealed in ready:
                _write(current, shelf, row, sealed)


def _write(current: Session, shelf: Shelf, row: Any, sealed: str) -> None:
    values = {shelf.sealed: sealed}
    if shelf.model is ProviderKey:
        values["ring_key"] = vault.ring_key_names()[0]
    same = [column == getattr(row, column.name) for column in shelf.primary_key]
    changed_one(
        current,
        update(shelf.model)
        .where(*same, getattr(shelf.model, shelf.sealed) == getattr(row, shelf.sealed))
        .values(values)
        .execution_options(synchronize_session=False),
    )


def _where(row: Any) -> str:
    if isinstance(row, ProviderKey):
        return f"{row.workspace_id} {row.provider}"
    if isinstance(row, Person):
        return row.email
    return " ".join(str(getattr(row, column.name)) for column in row.__table__.primary_key)
