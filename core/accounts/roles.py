"""Roles and their permissions, in one table (spec §1). Code checks permissions, never a role."""

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

_MEMBER = frozenset(
    {
        *("workspace.read", "workspace.leave", "bots.read", "keys.read", "conversations.read"),
        *("people.read", "plan.read", "usage.read", "gateway.use"),
    }
)
_ADMIN = _MEMBER | {"bots.manage", "conversations.manage", "knowledge.manage"}
_BILLING = _MEMBER | {"keys.manage", "plan.manage", "alerts.manage", "audit.read", "requests.read"}
_OWNER = _ADMIN | _BILLING | {"workspace.manage", "people.manage", "tokens.manage"}

PERMISSIONS: dict[Role, frozenset[str]] = {
    Role.OWNER: _OWNER,
    Role.BILLING: _BILLING,
    Role.ADMIN: _ADMIN,
    Role.MEMBER: _MEMBER,
}
ROLE_TEXTS = {
    Role.OWNER: "Full access, including people.",
    Role.BILLING: "Provider keys, the plan and the audit log.",
    Role.ADMIN: "Bots, knowledge and conversations.",
    Role.MEMBER: "Read-only console and gateway use. Keys are masked.",
}


def allows(role: Role, permission: str) -> bool:
    return permission in PERMISSIONS[role]


def roles_allowing(permission: str) -> list[Role]:
    """The roles that have that permission."""
    return [role for role in Role if allows(role, permission)]
