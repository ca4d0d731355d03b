"""The balance: what a workspace has for the operator's own keys. An exact ledger, in whole micro-dollars.

A request first holds the most that it may cost, by one conditional update: of many at a balance for
ten, ten pass. When it ends, it is charged its price and the rest of the hold is released. The ledger's
sum is always the balance plus all holds. If the price exceeds the hold and the balance, the rest becomes
debt, which is paid first from any money that comes in.
"""

from datetime import timedelta
from typing import Any

from sqlalchemy import Row, and_, delete, func, or_, select, update
from sqlalchemy.orm import Session

from core import clock
from core.accounts import audit
from core.accounts.actor import Actor
from core.db import changed_one, insert_new, session, transaction
from core.errors import Invalid
from core.gateway.billing import money
from core.gateway.models import CHARGE, DEBT, TOP_UP, Balance, BalanceHold, LedgerEntry
from core.providers import endpoints
from core.providers.catalogue import Model

LARGEST_TOP_UP = 1_000_000 * 1_000_000
SPARE = timedelta(minutes=35)
"""A request may take fifteen minutes whatever the operator says of his own bots', twice, and wait between."""
SWEPT_AT_A_TIME = 200
_PER_MILLION = 1_000_000
_LEAST = 1
_LARGEST_NUMBER = 2**63 - 1
"""Of the database's: a program may ask for more answers at once than anybody can pay."""


def balance_of(workspace_id: str) -> int:
    """What is left to new requests, in micro-dollars."""
    left = session().scalar(select(Balance.microusd).where(Balance.workspace_id == workspace_id))
    return left or 0


def debt_of(workspace_id: str) -> int:
    """The workspace's debt in micro-dollars. Until it is 0, no request can use the balance."""
    owed = session().scalar(
        select(Balance.debt_microusd).where(Balance.workspace_id == workspace_id)
    )
    return owed or 0


def entries(
    workspace_id: str, size: int = 50, before: LedgerEntry | None = None
) -> list[LedgerEntry]:
    """The ledger, newest first; those that come after `before` in that order."""
    query = select(LedgerEntry).where(LedgerEntry.workspace_id == workspace_id)
    if before:
        same_moment = and_(LedgerEntry.at == before.at, LedgerEntry.id < before.id)
        query = query.where(or_(LedgerEntry.at < before.at, same_moment))
    order = query.order_by(LedgerEntry.at.desc(), LedgerEntry.id.desc())
    return list(session().scalars(order.limit(size)))


def entry(workspace_id: str, entry_id: str) -> LedgerEntry | None:
    found = session().get(LedgerEntry, entry_id)
    return found if found and found.workspace_id == workspace_id else None


def estimate(model: Model, tokens_in: int, max_tokens: int | None) -> int:
    """The most that a request of at most so many tokens may cost: an answer has an end."""
    tokens_out = min(max_tokens or model.max_output_tokens, model.max_output_tokens)
    return price(model, tokens_in, tokens_out)


def price(model: Model, tokens_in: int, tokens_out: int) -> int:
    """By the catalogue's price, rounded up to a whole micro-dollar."""
    total = tokens_in * model.price_in_microusd_per_mtok
    total += tokens_out * model.price_out_microusd_per_mtok
    return -(-total // _PER_MILLION)


def top_up(workspace_id: str, microusd: int, note: str, actor: Actor) -> None:
    """Adds to the balance after paying any debt. Raises `Invalid` if the amount is out of range."""
    if not 0 < microusd <= LARGEST_TOP_UP:
        raise Invalid("Enter an amount above zero, up to a million dollars.")
    with transaction() as current:
        insert_new(current, Balance, workspace_id=workspace_id, microusd=0, debt_microusd=0)
        _enter(current, workspace_id, TOP_UP, microusd, note=note[:200])
        _add(current, workspace_id, _locked(current, workspace_id), microusd)
        details = {"usd": money.format_exact(microusd)}
        audit.record(current, workspace_id, actor, "balance.added", note[:200], **details)


def hold(workspace_id: str, request_id: str, microusd: int) -> bool:
    """Reserves the amount for a running request. Returns False if the balance is too low or in debt."""
    needed = max(microusd, _LEAST)
    if needed > _LARGEST_NUMBER:
        return False
    with transaction() as current:
        taken = (
            update(Balance)
            .where(
                Balance.workspace_id == workspace_id,
                Balance.microusd >= needed,
                Balance.debt_microusd == 0,
            )
            .values(microusd=Balance.microusd - needed)
        )
        if not changed_one(current, taken):
            return False
        held = {"request_id": request_id, "workspace_id": workspace_id, "microusd": needed}
        current.add(BalanceHold(**held))
    return True


def settle(request_id: str, microusd: int) -> int:
    """Charges a request that ended, releases the rest of its hold, and returns the amount charged.

    Only the first call for a request has an effect. A price above the hold takes what the balance has;
    what is missing becomes the workspace's debt, because a balance is never negative.
    """
    with transaction() as current:
        held = _taken_off(current, request_id)
        if held is None:
            return 0
        workspace_id, amount = held
        wanted = max(0, microusd)
        row = _locked(current, workspace_id)
        charged: int = min(wanted, amount + row.microusd)
        if charged:
            note = f"{wanted - charged} micro-dollars were not there" if charged < wanted else ""
            _enter(current, workspace_id, CHARGE, -charged, request_id, note)
        _add(current, workspace_id, row, amount - charged, wanted - charged)
    return charged


def release(request_id: str) -> None:
    """Gives back what was held for a request that nobody answered."""
    settle(request_id, 0)


def sweep() -> int:
    """Gives back what processes held that are gone. Returns for how many requests."""
    late = clock.now() - dead_after()
    dead = select(BalanceHold.request_id).where(BalanceHold.at < late).order_by(BalanceHold.at)
    requests = list(session().scalars(dead.limit(SWEPT_AT_A_TIME)))
    for request_id in requests:
        release(request_id)
    return len(requests)


def dead_after() -> timedelta:
    """No request is as old as this: a provider is called twice at most."""
    return timedelta(seconds=2 * endpoints.timeouts().total_seconds) + SPARE


def sums(workspace_id: str) -> tuple[int, int, int]:
    """Balance, holds and ledger: the first two together are the third."""
    held = select(func.coalesce(func.sum(BalanceHold.microusd), 0))
    entered = select(func.coalesce(func.sum(LedgerEntry.microusd), 0))
    return (
        balance_of(workspace_id),
        int(session().scalar(held.where(BalanceHold.workspace_id == workspace_id)) or 0),
        int(session().scalar(entered.where(LedgerEntry.workspace_id == workspace_id)) or 0),
    )


def _taken_off(current: Session, request_id: str) -> tuple[str, int] | None:
    """The hold of a request, removed by whoever comes first."""
    found = current.execute(
        select(BalanceHold.workspace_id, BalanceHold.microusd).where(
            BalanceHold.request_id == request_id
        )
    ).first()
    gone = delete(BalanceHold).where(BalanceHold.request_id == request_id)
    if found is None or not changed_one(current, gone.execution_options(**_SILENT)):
        return None
    return found.workspace_id, found.microusd


def _locked(current: Session, workspace_id: str) -> Row[int, int]:
    """The balance and debt, locked until the transaction ends."""
    row = select(Balance.microusd, Balance.debt_microusd)
    return current.execute(row.where(Balance.workspace_id == workspace_id).with_for_update()).one()


def _add(
    current: Session, workspace_id: str, row: Row[int, int], microusd: int, owed: int = 0
) -> None:
    """Changes the locked row by `microusd` and its debt by `owed`, then pays as much debt as possible."""
    left, debt = row.microusd + microusd, row.debt_microusd + owed
    paid = min(left, debt)
    if paid:
        _enter(current, workspace_id, DEBT, -paid)
    changed = update(Balance).where(Balance.workspace_id == workspace_id)
    changed_one(current, changed.values(microusd=left - paid, debt_microusd=debt - paid))


def _enter(
    current: Session,
    workspace_id: str,
    kind: str,
    microusd: int,
    request_id: str = "",
    note: str = "",
) -> None:
    current.add(
        LedgerEntry(
            workspace_id=workspace_id,
            kind=kind,
            microusd=microusd,
            request_id=request_id,
            note=note,
        )
    )


_SILENT: dict[str, Any] = {"synchronize_session": False}
