"""Encrypts and decrypts ("seals" and "opens") secrets at rest. The only module that uses Fernet.

The ring's keys (ENCRYPTION_KEYS, newest first) never encrypt directly: each key context, such as one
provider key's row, gets its own derived key (HKDF, RFC 5869), so that a sealed text copied to another row
can't be opened. A decrypted secret exists only in local variables on its way to the provider.
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


def provider_key_context(workspace_id: str, provider: str) -> str:
    """The HKDF context of the workspace's key for that provider."""
    return f"provider-key|{workspace_id}|{provider}"


def seal(secret: str, key_context: str) -> str:
    """Encrypts the secret under the newest ring key, bound to the context."""
    return _fernet(_ring[0], key_context).encrypt(secret.encode()).decode()


def open_sealed(sealed: str, key_context: str) -> str:
    """The decrypted secret. Raises `Unreadable` if no ring key opens it for that context."""
    return _opened(sealed, key_context)[1]


def ring_key_of(sealed: str, key_context: str) -> str:
    """The name of the ring key that opens it. Raises `Unreadable`."""
    return _name(_opened(sealed, key_context)[0])


def resealed(sealed: str, key_context: str) -> str | None:
    """The secret sealed under the newest ring key; None if it is already. Raises `Unreadable`."""
    ring_key, secret = _opened(sealed, key_context)
    return None if ring_key == _ring[0] else seal(secret, key_context)


def ring_key_names() -> list[str]:
    """Short names of the ring's keys, newest first. They distinguish keys without revealing them."""
    return [_name(ring_key) for ring_key in _ring]


def _opened(sealed: str, key_context: str) -> tuple[bytes, str]:
    for ring_key in _ring:
        try:
            return ring_key, _fernet(ring_key, key_context).decrypt(sealed.encode()).decode()
        except (InvalidToken, UnicodeError):
            continue
    raise Unreadable()


def _name(ring_key: bytes) -> str:
    return _derived(ring_key, "name").hex()[:8]


@functools.lru_cache(2_000)
def _fernet(ring_key: bytes, key_context: str) -> Fernet:
    """Cached, since every request opens a key; this holds no more than the ring does."""
    return Fernet(base64.urlsafe_b64encode(_derived(ring_key, key_context)))


def _derived(ring_key: bytes, purpose: str) -> bytes:
    return HKDF(algorithm=SHA256(), length=32, salt=None, info=purpose.encode()).derive(ring_key)
