"""Random secrets of the deployment, sealed in its database: for the audit log and key fingerprints.

They aren't derived from the key ring, because that changes: `flask keys reencrypt` re-encrypts them along
with the provider keys. If the ring is lost, a new generation starts and the old one stays unreadable.
"""

import base64
import secrets
from datetime import datetime

from sqlalchemy import String, Text, select
from sqlalchemy.orm import Mapped, Session, mapped_column

from core import clock
from core.db import Model, insert_new
from core.errors import Unreadable
from core.secrets import vault


class DeploymentSecret(Model):
    __tablename__ = "kept_secrets"

    name: Mapped[str] = mapped_column(String(30), primary_key=True)
    generation: Mapped[int] = mapped_column(primary_key=True)
    sealed: Mapped[str] = mapped_column(Text)
    created_at: Mapped[datetime] = mapped_column(default=clock.now)

    @property
    def key_context(self) -> str:
        """The HKDF context that the secret is sealed for."""
        return f"kept-secret|{self.name}|{self.generation}"


def newest(current: Session, name: str) -> tuple[int, bytes]:
    """The current generation and its 32 bytes; creates one in the caller's transaction if needed."""
    stored = _newest(current, name)
    try:
        if stored:
            return stored.generation, _opened(stored.sealed, stored.key_context)
    except Unreadable:
        pass
    _make(current, name, stored.generation + 1 if stored else 1)
    return newest(current, name)


def of_generation(current: Session, name: str, generation: int) -> bytes:
    """The 32 bytes of a generation. Raises `Unreadable` if it or its ring key is gone."""
    stored = current.get(DeploymentSecret, (name, generation))
    if stored is None:
        raise Unreadable("The secret of this generation no longer exists.")
    return _opened(stored.sealed, stored.key_context)


def _newest(current: Session, name: str) -> DeploymentSecret | None:
    return current.scalar(
        select(DeploymentSecret)
        .where(DeploymentSecret.name == name)
        .order_by(DeploymentSecret.generation.desc())
        .limit(1)
        .execution_options(populate_existing=True)
    )


def _make(current: Session, name: str, generation: int) -> None:
    """Creates a generation; if several processes do, the first wins."""
    secret = DeploymentSecret(name=name, generation=generation)
    sealed = vault.seal(base64.b64encode(secrets.token_bytes(32)).decode(), secret.key_context)
    insert_new(
        current,
        DeploymentSecret,
        name=name,
        generation=generation,
        sealed=sealed,
        created_at=clock.now(),
    )


def _opened(sealed: str, key_context: str) -> bytes:
    return base64.b64decode(vault.open_sealed(sealed, key_context))
