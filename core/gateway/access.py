"""Authentication: the token, its owner's membership and the workspace, as of this request.

One query without the ORM, since every request needs it. The result is cached until anything is
committed to the database, by any process, so a token revoked a moment ago is rejected.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Protocol

from sqlalchemy import bindparam, select

from core import clock, ids, plans
from core.accounts.models import Membership, Workspace
from core.accounts.roles import Role, allows
from core.commit_cache import CommitCache
from core.db import first_row
from core.errors import BadToken, NotAllowed
from core.gateway.models import GatewayToken
from core.gateway.tokens import PREFIX
from core.plans import Plan

PERMISSION = "gateway.use"
HEADERS = ("authorization", "x-api-key")
MAX_CACHED = 2_000

_REFUSED = (
    "The gateway token is missing, unknown, revoked or expired. Create one in the console under Gateway, "
    "and send it as “Authorization: Bearer …” or “x-api-key”."
)


@dataclass(frozen=True, slots=True)
class Caller:
    """An authenticated caller, and what is needed to serve it. Contains no secret."""

    token_id: str
    person_id: str
    workspace_id: str
    plan: Plan
    key_order: tuple[str, ...]
    keys_stamp: int


@dataclass(frozen=True, slots=True)
class _Open:
    """Access that only its expiration can end."""

    caller: Caller
    until: datetime | None


class Headers(Protocol):
    """A request's headers: a dictionary with lower-case names, or Flask's."""

    def get(self, name: str, default: str, /) -> str: ...


def presented_token(headers: Headers) -> tuple[str, str]:
    """The token in the headers: `Authorization: Bearer …` (or the token alone) or `x-api-key`."""
    sent = headers.get("authorization", "")
    scheme, _, rest = sent.partition(" ")
    bearer = rest if scheme.lower() == "bearer" else sent
    return bearer.strip(), headers.get("x-api-key", "").strip()


def authenticate(offered: Iterable[str], secret_key: str) -> Caller:
    """The caller behind the first of these texts that is one of our tokens. Raises `BadToken`.

    Other texts cost no query: a token's checksum shows whether it may be one.
    """
    for text in offered:
        if ids.is_token(text, PREFIX):
            return _caller(ids.token_digest(text, secret_key))
    raise BadToken(_REFUSED)


def caller_of(membership: Membership) -> Caller:
    """The same for a person in the console, with their own id in place of a token's."""
    workspace = membership.workspace
    if not membership.allows(PERMISSION):
        raise NotAllowed()
    person_id, order = membership.person_id, tuple(workspace.key_order)
    return Caller(person_id, person_id, workspace.id, workspace.plan, order, workspace.keys_stamp)


def _caller(digest: str) -> Caller:
    found = _known.get(digest)
    if found is None or (found.until is not None and found.until <= clock.now()):
        raise BadToken(_REFUSED)
    return found.caller


def _read(digest: str) -> _Open | None:
    row = first_row(_BY_DIGEST, digest=digest)
    if row is None or row.revoked_at is not None or not allows(Role(row.role), PERMISSION):
        return None
    plan, order = plans.plan(row.plan_key), tuple(row.key_order)
    caller = Caller(row.id, row.person_id, row.workspace_id, plan, order, row.keys_stamp)
    return _Open(caller, row.expires_at)


_known = CommitCache(_read, MAX_CACHED)
"""By the token's digest."""


def _by_digest() -> Any:
    token, place = GatewayToken.__table__.c, Membership.__table__.c
    workspace = Workspace.__table__.c
    return (
        select(
            *(token.id, token.person_id, token.workspace_id, token.expires_at, token.revoked_at),
            *(place.role, workspace.plan_key, workspace.key_order, workspace.keys_stamp),
        )
        .join_from(
            GatewayToken.__table__,
            Membership.__table__,
            (place.workspace_id == token.workspace_id) & (place.person_id == token.person_id),
        )
        .join(Workspace.__table__, workspace.id == token.workspace_id)
        .where(token.digest == bindparam("digest"))
    )


_BY_DIGEST = _by_digest()
