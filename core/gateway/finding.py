"""Which requests of the log a page or a file is about, and whose they are."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import exists, or_, select

from core.db import session
from core.gateway import requests
from core.gateway.models import GatewayRequest, GatewayToken

ANSWERED, FAILED = "answered", "failed"


@dataclass(frozen=True)
class Wanted:
    """What a request has to be. Empty fields ask for nothing; `until` is the first moment after."""

    workspace_id: str
    person_id: str = ""
    provider: str = ""
    model: str = ""
    state: str = ""
    since: datetime | None = None
    until: datetime | None = None


def found(wanted: Wanted, size: int, skip: int = 0) -> list[GatewayRequest]:
    """The newest first."""
    return requests.recent(wanted.workspace_id, *_conditions(wanted), size=size, skip=skip)


def is_of(request: GatewayRequest, person_id: str) -> bool:
    """Whether it was made with a token of that person, or by them in the console."""
    if request.token_id == person_id:
        return True
    token = session().get(GatewayToken, request.token_id) if request.token_id else None
    return token is not None and token.person_id == person_id


def _conditions(wanted: Wanted) -> list[Any]:
    model = wanted.model
    asked = (
        (wanted.person_id, _of_person(wanted.workspace_id, wanted.person_id)),
        (wanted.provider, GatewayRequest.provider == wanted.provider),
        (model, GatewayRequest.model_asked.icontains(model, autoescape=True)),
    )
    conditions: list[Any] = [condition for text, condition in asked if text]
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
