"""Whether two secrets are the same, without telling either: an HMAC under a secret of the deployment's."""

import hashlib
import hmac

from sqlalchemy.orm import Session

from core import kept_secrets

SECRET = "key-fingerprints"  # noqa: S105  (its name, not its value)


def fingerprint(current: Session, secret: str, workspace_id: str) -> str:
    """32 hex characters, the same for the same secret in the same workspace, in a transaction."""
    _, pepper = kept_secrets.newest(current, SECRET)
    return hmac.new(pepper, f"{workspace_id}|{secret}".encode(), hashlib.sha256).hexdigest()[:32]
