"""Backup and restore of a deployment on SQLite: the database and the secrets in DATA_DIR, in one file.

The copy is consistent even while the service runs (SQLite's online backup). The file is enough to decrypt
every key in it: it is written with mode 600 and must be kept safe. PostgreSQL has its own tools.
"""

import os
import sqlite3
import tarfile
import tempfile
from pathlib import Path

from core.errors import Conflict, Invalid
from core.settings import Settings

_DATABASE = "mevichat.db"
_SECRETS = ("secrets/secret_key", "secrets/encryption_key")


def write(settings: Settings, target: Path) -> None:
    """Writes the backup. Raises `Invalid` or `Conflict`, and never leaves a partial file."""
    database = _sqlite_file(settings)
    if target.exists():
        raise Conflict(f"{target} already exists. Choose another file name.")
    with tempfile.TemporaryDirectory(dir=target.absolute().parent) as folder:
        copy, draft = Path(folder) / _DATABASE, Path(folder) / "backup"
        _copy_database(database, copy)
        with os.fdopen(os.open(draft, os.O_WRONLY | os.O_CREAT, 0o600), "wb") as file:
            _pack(file, copy, settings.data_dir)
        draft.rename(target)


def restore(settings: Settings, source: Path) -> None:
    """Restores a backup into an empty DATA_DIR. Raises `Conflict` if there is a database."""
    database = _sqlite_file(settings)
    if database.exists():
        raise Conflict(
            f"{database} already exists. Restore into an empty DATA_DIR, or move that file away."
        )
    try:
        with tarfile.open(source) as archive:
            _unpack(archive, database, settings.data_dir)
    except (OSError, tarfile.TarError) as error:
        raise Invalid(f"{source} can’t be read as a backup: {error}") from None


def _sqlite_file(settings: Settings) -> Path:
    prefix, address = "sqlite:///", settings.database_address
    if not address.startswith(prefix):
        raise Invalid(
            "The database is PostgreSQL. Use pg_dump and pg_restore, and back up your secrets."
        )
    return Path(address.removeprefix(prefix))


def _copy_database(database: Path, copy: Path) -> None:
    source, target = sqlite3.connect(f"file:{database}?mode=ro", uri=True), sqlite3.connect(copy)
    try:
        source.backup(target)
    finally:
        source.close()
        target.close()


def _pack(file: object, copy: Path, data_dir: Path) -> None:
    with tarfile.open(fileobj=file, mode="w:gz") as archive:  # type: ignore[call-overload]
        archive.add(copy, _DATABASE)
        for name in _SECRETS:
            if (data_dir / name).exists():
                archive.add(data_dir / name, name)


def _unpack(archive: tarfile.TarFile, database: Path, data_dir: Path) -> None:
    """Extracts only the expected files to their expected paths; overwrites existing secrets."""
    for name in (*_SECRETS, _DATABASE):
        if name not in archive.getnames():
            continue
        packed = archive.extractfile(name)
        if packed is None:
            raise Invalid(f"{name} in the backup isn’t a file.")
        path = database if name == _DATABASE else data_dir / name
        path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        path.unlink(missing_ok=True)
        with os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb") as file:
            file.write(packed.read())
