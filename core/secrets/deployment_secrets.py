"""Random secrets of the deployment itself, sealed in its database: the audit chain's, the fingerprints'.

They are not derived from the ring, which changes: `flask keys reencrypt` moves them along with the
provider keys. When the ring was lost, the next generation begins and the old one stays unreadable.
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
    def place(self) -> str:
        return f"kept-secret|{self.name}|{self.generation}"


def newest(current: Session, name: str) -> tuple[int, bytes]:
    """The generation in use and its 32 bytes, made in the caller's transaction if there is none."""
    kept = _newest(current, name)
    try:
        if kept:
            return kept.generation, _opened(kept.sealed, kept.place)
    except Unreadable:
        pass
    _make(current, name, kept.generation + 1 if kept else 1)
    return newest(current, name)


def of_generation(current: Session, name: str, generation: int) -> bytes:
    """Raises `Unreadable` when it is gone, or the ring key that it was sealed under is."""
    kept = current.get(DeploymentSecret, (name, generation))
    if kept is None:
        raise Unreadable("The secret of this generation is gone.")
    return _opened(kept.sealed, kept.place)


def _newest(current: Session, name: str) -> DeploymentSecret | None:
    return current.scalar(
        select(DeploymentSecret)
        .where(DeploymentSecret.name == name)
        .order_by(DeploymentSecret.generation.desc())
        .limit(1)
        .execution_options(populate_existing=True)
    )


def _make(current: Session, name: str, generation: int) -> None:
    """Of several that make the same generation, the first wins."""
    made = DeploymentSecret(name=name, generation=generation)
    sealed = vault.seal(base64.b64encode(secrets.token_bytes(32)).decode(), made.place)
    insert_new(
        current,
        DeploymentSecret,
        name=name,
        generation=generation,
        sealed=sealed,
        created_at=clock.now(),
    )


def _opened(sealed: str, place: str) -> bytes:
    return base64.b64decode(vault.open_sealed(sealed, place))
