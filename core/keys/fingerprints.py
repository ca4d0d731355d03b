"""Fingerprints tell whether two keys are the same without revealing them: HMACs under a deployment secret.

A stored fingerprint may be outdated: from an earlier release, or made with a secret whose ring key was
lost. So pasted keys are compared with freshly computed fingerprints, and verdicts refresh stored ones.
"""

import hashlib
import hmac

from sqlalchemy.orm import Session

from core.errors import Unreadable
from core.keys.models import ProviderKey
from core.secrets import deployment_secrets, vault

SECRET = "key-fingerprints"  # noqa: S105  (its name, not its value)


def fingerprint(current: Session, secret: str, workspace_id: str) -> str:
    """32 hex characters, equal for equal secrets in one workspace. Call it in a transaction."""
    _, pepper = deployment_secrets.newest(current, SECRET)
    return hmac.new(pepper, f"{workspace_id}|{secret}".encode(), hashlib.sha256).hexdigest()[:32]


def of_key(current: Session, key: ProviderKey) -> str:
    """The stored key's current fingerprint; "" if it can't be decrypted, so that it can be entered again."""
    return renewed(current, key).get("fingerprint", "")


def renewed(current: Session, key: ProviderKey) -> dict[str, str]:
    """Current values for the row's `fingerprint` and `ring_key`; none if it can't be decrypted."""
    try:
        secret = vault.open_sealed(key.sealed, key.key_context)
        ring_key = key.ring_key or vault.ring_key_of(key.sealed, key.key_context)
    except Unreadable:
        return {}
    return {"fingerprint": fingerprint(current, secret, key.workspace_id), "ring_key": ring_key}
