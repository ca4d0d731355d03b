"""A gateway token as its row shows it: owner, dates and state."""

from collections.abc import Callable, Container
from dataclasses import dataclass
from typing import Any

from core import ordering
from core.gateway import tokens
from core.gateway.models import GatewayToken
from core.ordering import Order


@dataclass(frozen=True)
class TokenRow:
    token: GatewayToken
    is_mine: bool
    is_member: bool
    """Whether its owner is still in the workspace; otherwise the token doesn't work."""

    @property
    def is_live(self) -> bool:
        return self.is_member and tokens.is_live(self.token)

    @property
    def state(self) -> str:
        if not self.is_live:
            return "off"
        return "waiting" if self.token.replaced_by else "on"

    @property
    def state_word(self) -> str:
        if self.is_live:
            return "Replaced (still valid)" if self.token.replaced_by else "Active"
        if self.token.revoked_at:
            return "Revoked"
        if not self.is_member:
            return "Owner left the workspace"
        return "Replaced" if self.token.replaced_by else "Expired"

    @property
    def owner(self) -> str:
        return self.token.person.name or self.token.person.email


COLUMNS = ("state", "name", "whose", "expires", "-used")
_BY: dict[str, Callable[[TokenRow], Any]] = {
    "state": lambda row: not row.is_live,
    "name": lambda row: row.token.name.casefold(),
    "whose": lambda row: row.owner.casefold(),
    "expires": lambda row: row.token.expires_at,
    "used": lambda row: row.token.last_used_at,
}


def rows_of(
    found: list[GatewayToken], person_id: str, member_ids: Container[str]
) -> list[TokenRow]:
    return [
        TokenRow(token, token.person_id == person_id, token.person_id in member_ids)
        for token in found
    ]


def in_order(rows: list[TokenRow], order: Order) -> list[TokenRow]:
    """Sorts the rows; by state, those that work come first."""
    return ordering.in_rows(order, rows, _BY)
