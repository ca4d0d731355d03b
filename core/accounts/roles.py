"""Who may do what: one table of permissions (spec §1). Web and workers ask here, never for a role."""

from enum import StrEnum


class Role(StrEnum):
    OWNER = "owner"
    BILLING = "billing_manager"
    ADMIN = "admin"
    MEMBER = "member"


ROLE_NAMES = {
    Role.OWNER: "Owner",
    Role.BILLING: "Billing manager",
    Role.ADMIN: "Admin",
    Role.MEMBER: "Member",
}

_MEMBER = frozenset({"workspace.read", "bots.read", "keys.read", "conversations.read"})
_ADMIN = _MEMBER | {"bots.manage"}
_BILLING = _MEMBER | {"keys.manage"}
_OWNER = _ADMIN | _BILLING | {"workspace.manage"}

PERMISSIONS: dict[Role, frozenset[str]] = {
    Role.OWNER: _OWNER,
    Role.BILLING: _BILLING,
    Role.ADMIN: _ADMIN,
    Role.MEMBER: _MEMBER,
}


def allows(role: Role, permission: str) -> bool:
    return permission in PERMISSIONS[role]
