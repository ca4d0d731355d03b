"""The tables of people: accounts, workspaces, memberships, sign-ins, invitations.

Tokens and recovery codes are stored as digests only; the two-factor authentication secret is sealed.
"""

from datetime import datetime

from sqlalchemy import JSON, ForeignKey, String, Text, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column, relationship

from core import clock, plans
from core.accounts.roles import ROLE_NAMES, Role, allows
from core.db import Model
from core.ids import new_id


class Person(Model):
    __tablename__ = "people"

    id: Mapped[str] = mapped_column(String(32), primary_key=True, default=lambda: new_id("psn"))
    email: Mapped[str] = mapped_column(String(254), unique=True)
    name: Mapped[str] = mapped_column(String(100))
    password_hash: Mapped[str] = mapped_column(String(200))
    totp_sealed: Mapped[str] = mapped_column(Text, default="", server_default="")
    totp_since: Mapped[datetime | None] = mapped_column()
    totp_last_step: Mapped[int] = mapped_column(default=0, server_default="0")
    created_at: Mapped[datetime] = mapped_column(default=clock.now)

    @property
    def has_two_factor(self) -> bool:
        return self.totp_since is not None

    @property
    def totp_key_context(self) -> str:
        """The HKDF context that the two-factor authentication secret is sealed for."""
        return f"totp|{self.id}"


class Workspace(Model):
    __tablename__ = "workspaces"

    id: Mapped[str] = mapped_column(String(32), primary_key=True, default=lambda: new_id("wsp"))
    slug: Mapped[str] = mapped_column(String(60), unique=True)
    name: Mapped[str] = mapped_column(String(80))
    kind: Mapped[str] = mapped_column(String(20))
    plan_key: Mapped[str] = mapped_column(String(20))
    retention_days: Mapped[int] = mapped_column(default=0, server_default="0")
    """How long conversations are kept; 0 means forever."""
    minute_limit: Mapped[int] = mapped_column(default=0, server_default="0")
    """Messages per minute across all its bots; 0 means no limit."""
    key_order: Mapped[list[str]] = mapped_column(JSON, default=list, server_default="[]")
    """The provider order in which the gateway tries keys; providers not listed come last."""
    keys_stamp: Mapped[int] = mapped_column(default=0, server_default="0")
    """Incremented by a trigger on every change of its keys, which invalidates cached keys."""
    created_at: Mapped[datetime] = mapped_column(default=clock.now)

    @property
    def plan(self) -> plans.Plan:
        return plans.plan(self.plan_key)


class Membership(Model):
    __tablename__ = "memberships"
    __table_args__ = (UniqueConstraint("workspace_id", "person_id"),)

    id: Mapped[str] = mapped_column(String(32), primary_key=True, default=lambda: new_id("mbr"))
    workspace_id: Mapped[str] = mapped_column(ForeignKey("workspaces.id", ondelete="CASCADE"))
    person_id: Mapped[str] = mapped_column(ForeignKey("people.id", ondelete="CASCADE"), index=True)
    role: Mapped[str] = mapped_column(String(20))
    created_at: Mapped[datetime] = mapped_column(default=clock.now)

    person: Mapped[Person] = relationship()
    workspace: Mapped[Workspace] = relationship()

    @property
    def role_name(self) -> str:
        return ROLE_NAMES[Role(self.role)]

    def allows(self, permission: str) -> bool:
        return allows(Role(self.role), permission)


class SignIn(Model):
    """A browser that a person is signed in on. The cookie holds a token, the row its digest."""

    __tablename__ = "sign_ins"

    id: Mapped[str] = mapped_column(String(32), primary_key=True, default=lambda: new_id("sgn"))
    person_id: Mapped[str] = mapped_column(ForeignKey("people.id", ondelete="CASCADE"), index=True)
    token_digest: Mapped[str] = mapped_column(String(64), unique=True)
    created_at: Mapped[datetime] = mapped_column(default=clock.now)
    seen_at: Mapped[datetime] = mapped_column(default=clock.now)
    ended_at: Mapped[datetime | None] = mapped_column()
    user_agent: Mapped[str] = mapped_column(String(200), default="")

    person: Mapped[Person] = relationship(lazy="joined")


class RecoveryCode(Model):
    """One of ten codes, each of which replaces the authenticator app once."""

    __tablename__ = "recovery_codes"

    person_id: Mapped[str] = mapped_column(
        ForeignKey("people.id", ondelete="CASCADE"), primary_key=True
    )
    digest: Mapped[str] = mapped_column(String(64), primary_key=True)
    used_at: Mapped[datetime | None] = mapped_column()


class PasswordReset(Model):
    """A password reset link sent by email: works once, within an hour."""

    __tablename__ = "password_resets"

    id: Mapped[str] = mapped_column(String(32), primary_key=True, default=lambda: new_id("pwr"))
    person_id: Mapped[str] = mapped_column(ForeignKey("people.id", ondelete="CASCADE"), index=True)
    token_digest: Mapped[str] = mapped_column(String(64), unique=True)
    created_at: Mapped[datetime] = mapped_column(default=clock.now)
    used_at: Mapped[datetime | None] = mapped_column()


class Invitation(Model):
    """An invitation to a workspace, by email. Open until accepted, withdrawn or expired."""

    __tablename__ = "invitations"

    id: Mapped[str] = mapped_column(String(32), primary_key=True, default=lambda: new_id("inv"))
    workspace_id: Mapped[str] = mapped_column(
        ForeignKey("workspaces.id", ondelete="CASCADE"), index=True
    )
    email: Mapped[str] = mapped_column(String(254))
    role: Mapped[str] = mapped_column(String(20))
    token_digest: Mapped[str] = mapped_column(String(64), unique=True)
    invited_by: Mapped[str] = mapped_column(String(100))
    created_at: Mapped[datetime] = mapped_column(default=clock.now)
    expires_at: Mapped[datetime] = mapped_column()
    accepted_at: Mapped[datetime | None] = mapped_column()
    withdrawn_at: Mapped[datetime | None] = mapped_column()

    workspace: Mapped[Workspace] = relationship(lazy="joined")

    @property
    def role_name(self) -> str:
        return ROLE_NAMES[Role(self.role)]
