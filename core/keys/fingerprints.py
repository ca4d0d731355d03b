"""Whether two secrets are the same, without telling either: an HMAC under a secret of the deployment's.

A row may hold one that was made otherwise: by the release before, or under a secret that was lost with
its ring key. So a paste is compared with what the key's secret has today, and verdicts renew the row's.
"""

import hashlib
import hmac

from sqlalchemy.orm import Session

from core.errors import Unreadable
from core.keys.models import ProviderKey
from core.secrets import deployment_secrets, vault

SECRET = "key-fingerprints"  # noqa: S105  (its name, not its value)


def fingerprint(current: Session, secret: str, workspace_id: str) -> str:
    """32 hex characters, the same for the same secret in the same workspace, in a transaction."""
    _, pepper = deployment_secrets.newest(current, SECRET)
    return hmac.new(pepper, f"{workspace_id}|{secret}".encode(), hashlib.sha256).hexdigest()[:32]


def of_key(current: Session, key: ProviderKey) -> str:
    """The fingerprint a stored key has today; "" for one that cannot be opened: it may be entered again."""
    return renewed(current, key).get("fingerprint", "")


def renewed(current: Session, key: ProviderKey) -> dict[str, str]:
    """What a key's row should say of its secret today: the fingerprint, and the name of its ring key."""
    try:
        secret = vault.open_sealed(key.sealed, key.place)
        ring_key = key.ring_key or vault.ring_key_of(key.sealed, key.place)
    except Unreadable:
        return {}
    return {"fingerprint": fingerprint(current, secret, key.workspace_id), "ring_key": ring_key}
