"""The one place where a provider key is sealed and opened, and the only one that knows Fernet.

The ring's keys (ENCRYPTION_KEYS, newest first) never encrypt directly: for each workspace and
provider a key is derived from them (HKDF, RFC 5869), so that a row copied onto another does not
open. A secret is in the clear only in a local variable between here and the wire.
"""

import base64
import hashlib
import hmac

from cryptography.fernet import Fernet, InvalidToken
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

from core.errors import Unreadable

_ring: list[bytes] = []


def configure(ring: list[str]) -> None:
    """Called once by `create_app` with the checked ring, newest key first."""
    _ring[:] = [base64.urlsafe_b64decode(key) for key in ring]


def seal(secret: str, workspace_id: str, provider: str) -> str:
    """The secret under the newest ring key, bound to that workspace and provider."""
    return _fernet(_ring[0], workspace_id, provider).encrypt(secret.encode()).decode()


def open_sealed(sealed: str, workspace_id: str, provider: str) -> str:
    """The secret in the clear; raises `Unreadable` when no ring key opens it for that place."""
    for ring_key in _ring:
        try:
            return _fernet(ring_key, workspace_id, provider).decrypt(sealed.encode()).decode()
        except InvalidToken:
            continue
    raise Unreadable()


def fingerprint(secret: str, workspace_id: str) -> str:
    """Tells whether two secrets of a workspace are the same, without telling either."""
    pepper = _derived(_ring[-1], f"fingerprint|{workspace_id}")
    return hmac.new(pepper, secret.encode(), hashlib.sha256).hexdigest()[:32]


def _fernet(ring_key: bytes, workspace_id: str, provider: str) -> Fernet:
    derived = _derived(ring_key, f"provider-key|{workspace_id}|{provider}")
    return Fernet(base64.urlsafe_b64encode(derived))


def _derived(ring_key: bytes, purpose: str) -> bytes:
    return HKDF(algorithm=SHA256(), length=32, salt=None, info=purpose.encode()).derive(ring_key)
