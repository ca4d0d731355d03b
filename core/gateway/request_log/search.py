"""Which requests of the log a page or a file is about, and whose they are."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import exists, func, or_, select

from core import ordering
from core.db import session
from core.gateway.models import GatewayRequest, GatewayToken
from core.ordering import Column, Order

ANSWERED, FAILED = "answered", "failed"
AMONG = 10_000
COLUMNS = ("-at", "model", "-tokens", "-estimate", "-took")
NEWEST_FIRST = ordering.named(COLUMNS[0])
_BY: dict[str, Column] = {
    "at": GatewayRequest.at,
    "model": GatewayRequest.model_asked,
    "tokens": func.coalesce(GatewayRequest.tokens_in, 0)
    + func.coalesce(GatewayRequest.tokens_out, 0),
    "estimate": GatewayRequest.cost_microusd,
    "took": GatewayRequest.latency_ms,
}


@dataclass(frozen=True)
class RequestFilter:
    """What a request has to be. Empty fields ask for nothing; `until` is the first moment after."""

    workspace_id: str
    person_id: str = ""
    provider: str = ""
    model: str = ""
    state: str = ""
    since: datetime | None = None
    until: datetime | None = None


def found(
    wanted: RequestFilter, size: int, skip: int = 0, order: Order = NEWEST_FIRST
) -> list[GatewayRequest]:
    """The newest first, or in another order: of the newest `AMONG` that match, so that it stays quick."""
    here = GatewayRequest.workspace_id == wanted.workspace_id
    query = select(GatewayRequest).where(here, *_conditions(wanted))
    if order.column != "at":
        newest = query.with_only_columns(GatewayRequest.id).order_by(GatewayRequest.at.desc())
        query = select(GatewayRequest).where(GatewayRequest.id.in_(newest.limit(AMONG)))
    ordered = query.order_by(*ordering.in_sql(order, _BY, GatewayRequest.id))
    return list(session().scalars(ordered.limit(size).offset(skip)))


def is_of(request: GatewayRequest, person_id: str) -> bool:
    """Whether it was made with a token of that person, or by them in the console."""
    if request.token_id == person_id:
        return True
    token = session().get(GatewayToken, request.token_id) if request.token_id else None
    return token is not None and token.person_id == person_id


def _conditions(wanted: RequestFilter) -> list[Any]:
    model = wanted.model
    filters = (
        (wanted.person_id, _of_person(wanted.workspace_id, wanted.person_id)),
        (wanted.provider, GatewayRequest.provider == wanted.provider),
        (model, GatewayRequest.model_asked.icontains(model, autoescape=True)),
    )
    conditions: list[Any] = [condition for text, condition in filters if text]
    if wanted.state in (ANSWERED, FAILED):
        is_good = GatewayRequest.code == ""
        conditions.append(is_good if wanted.state == ANSWERED else ~is_good)
    if wanted.since:
        conditions.append(GatewayRequest.at >= wanted.since)
    if wanted.until:
        conditions.append(GatewayRequest.at < wanted.until)
    return conditions


def _of_person(workspace_id: str, person_id: str) -> Any:
    mine = (GatewayToken.workspace_id == workspace_id) & (GatewayToken.person_id == person_id)
    with_token = select(GatewayToken.id).where(mine, GatewayToken.id == GatewayRequest.token_id)
    return or_(GatewayRequest.token_id == person_id, exists(with_token))
