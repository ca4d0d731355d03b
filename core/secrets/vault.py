"""The one place where secrets are sealed and opened, and the only one that knows Fernet.

The ring's keys (ENCRYPTION_KEYS, newest first) never encrypt directly: for each place a key is
derived from them (HKDF, RFC 5869), so that a sealed text copied to another place does not open. A
secret is in the clear only in a local variable between here and the wire.
"""

import base64
import functools

from cryptography.fernet import Fernet, InvalidToken
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

from core.errors import Unreadable

_ring: list[bytes] = []


def configure(ring: list[str]) -> None:
    """Called once by `create_app` with the checked ring, newest key first."""
    _ring[:] = [base64.urlsafe_b64decode(key) for key in ring]


def key_context(workspace_id: str, provider: str) -> str:
    """Where the provider key of that workspace is sealed for."""
    return f"provider-key|{workspace_id}|{provider}"


def seal(secret: str, place: str) -> str:
    """The secret under the newest ring key, bound to that place."""
    return _fernet(_ring[0], place).encrypt(secret.encode()).decode()


def open_sealed(sealed: str, place: str) -> str:
    """The secret in the clear; raises `Unreadable` when no ring key opens it for that place."""
    return _opened(sealed, place)[1]


def ring_key_of(sealed: str, place: str) -> str:
    """The name of the ring key that opens it; raises `Unreadable`."""
    return _name(_opened(sealed, place)[0])


def resealed(sealed: str, place: str) -> str | None:
    """The same secret under the newest ring key; None if it is already. Raises `Unreadable`."""
    ring_key, secret = _opened(sealed, place)
    return None if ring_key == _ring[0] else seal(secret, place)


def ring_key_names() -> list[str]:
    """Short names of the ring's keys, newest first: they tell keys apart and nothing about them."""
    return [_name(ring_key) for ring_key in _ring]


def _opened(sealed: str, place: str) -> tuple[bytes, str]:
    for ring_key in _ring:
        try:
            return ring_key, _fernet(ring_key, place).decrypt(sealed.encode()).decode()
        except (InvalidToken, UnicodeError):
            continue
    raise Unreadable()


def _name(ring_key: bytes) -> str:
    return _derived(ring_key, "name").hex()[:8]


@functools.lru_cache(2_000)
def _fernet(ring_key: bytes, place: str) -> Fernet:
    """Kept, since every request opens a key; it holds no more than the ring does."""
    return Fernet(base64.urlsafe_b64encode(_derived(ring_key, place)))


def _derived(ring_key: bytes, purpose: str) -> bytes:
    return HKDF(algorithm=SHA256(), length=32, salt=None, info=purpose.encode()).derive(ring_key)
