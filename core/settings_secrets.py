"""The deployment's secrets: the requirements, and the ones generated in development."""

import base64
import binascii
import hashlib
import os
import secrets
import tempfile
from pathlib import Path
from urllib.parse import quote

from core.errors import SettingsError

_SHORTEST = 32
_DISTINCT_BYTES = 16
_SOCKET_PATH_LIMIT = 100
_HOW_TO_MAKE = (
    'python -c "import base64, os; print(base64.urlsafe_b64encode(os.urandom(32)).decode())"'
)


def check(secret_key: str, ring: list[str]) -> None:
    """Rejects a missing, short, repetitive or reused secret, and says how to generate one."""
    if len(secret_key) < _SHORTEST or len(set(secret_key)) < _DISTINCT_BYTES // 2:
        raise SettingsError(
            f"SECRET_KEY must be at least {_SHORTEST} random characters. Make one with: {_HOW_TO_MAKE}"
        )
    if not ring:
        raise SettingsError(
            f"ENCRYPTION_KEYS must hold at least one key, newest first. Make one with: {_HOW_TO_MAKE}"
        )
    for key in ring:
        _check_ring_key(key)
    if len(set(ring)) < len(ring) or secret_key in ring:
        raise SettingsError("ENCRYPTION_KEYS and SECRET_KEY must all differ from one another.")


def _check_ring_key(key: str) -> None:
    try:
        raw = base64.b64decode(key, altchars=b"-_", validate=True)
    except (binascii.Error, ValueError):
        raw = b""
    if len(raw) != 32 or len(set(raw)) < _DISTINCT_BYTES:
        raise SettingsError(
            "Each of ENCRYPTION_KEYS must be 32 random bytes in URL-safe base64 "
            f"(44 characters). Make one with: {_HOW_TO_MAKE}"
        )


def made_once(data_dir: Path, name: str) -> str:
    """A random secret stored in DATA_DIR/secrets; the first of several processes generates it."""
    path = data_dir / "secrets" / name
    try:
        path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        if not path.exists():
            _write_new(path, base64.urlsafe_b64encode(secrets.token_bytes(32)))
        return path.read_text().strip()
    except OSError as error:
        raise SettingsError(
            f"DATA_DIR ({data_dir}) cannot be used: {error.strerror}. Name a folder you can write to."
        ) from None


def _write_new(path: Path, content: bytes) -> None:
    """Writes the file atomically; keeps a file that another process wrote first."""
    handle, draft = tempfile.mkstemp(dir=path.parent)
    with os.fdopen(handle, "wb") as file:
        file.write(content)
    try:
        os.link(draft, path)
    except FileExistsError:
        pass
    finally:
        os.unlink(draft)


def embedded_redis(data_dir: Path) -> str:
    """The address of the Redis that `bin/run` starts when REDIS_URL is not set."""
    folder = data_dir.resolve() / "redis"
    try:
        password = (folder / "password").read_text().strip()
    except OSError:
        raise SettingsError(
            "There is no Redis: set REDIS_URL, or start the embedded one with bin/run."
        ) from None
    return f"unix://:{password}@{quote(str(_socket(folder)))}"


def _socket(folder: Path) -> Path:
    """The path of `bin/redis`'s socket: socket paths are limited to about 107 bytes."""
    path = folder / "redis.sock"
    if len(os.fsencode(path)) <= _SOCKET_PATH_LIMIT:
        return path
    digest = hashlib.sha256(os.fsencode(folder.parent)).hexdigest()[:12]
    return Path(tempfile.gettempdir()) / f"mevichat-{digest}" / "redis.sock"
