import pytest

from core.accounts.roles import Role, allows

TABLE = [
    ("workspace.read", {Role.OWNER, Role.BILLING, Role.ADMIN, Role.MEMBER}),
    ("bots.read", {Role.OWNER, Role.BILLING, Role.ADMIN, Role.MEMBER}),
    ("keys.read", {Role.OWNER, Role.BILLING, Role.ADMIN, Role.MEMBER}),
    ("conversations.read", {Role.OWNER, Role.BILLING, Role.ADMIN, Role.MEMBER}),
    ("usage.read", {Role.OWNER, Role.BILLING, Role.ADMIN, Role.MEMBER}),
    ("conversations.manage", {Role.OWNER, Role.ADMIN}),
    ("bots.manage", {Role.OWNER, Role.ADMIN}),
    ("knowledge.manage", {Role.OWNER, Role.ADMIN}),
    ("keys.manage", {Role.OWNER, Role.BILLING}),
    ("workspace.manage", {Role.OWNER}),
    ("gateway.use", {Role.OWNER, Role.BILLING, Role.ADMIN, Role.MEMBER}),
    ("tokens.manage", {Role.OWNER}),
    ("requests.read", {Role.OWNER, Role.BILLING}),
    ("no.such.permission", set()),
]


@pytest.mark.parametrize(("permission", "holders"), TABLE)
@pytest.mark.parametrize("role", list(Role))
def test_who_may_do_what(permission, holders, role):
    assert allows(role, permission) == (role in holders)
