"""Backup and restore of a deployment on SQLite: the database and the secrets made in DATA_DIR, in one file.

The copy is consistent while the service runs (SQLite's online backup). The file opens every key in it:
it is written with mode 600 and belongs in a safe place. PostgreSQL has tools of its own for this.
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
    """Writes the backup; raises `Invalid` or `Conflict` and leaves no half file."""
    database = _sqlite_file(settings)
    if target.exists():
        raise Conflict(f"{target} exists already. Name a file that does not.")
    with tempfile.TemporaryDirectory(dir=target.absolute().parent) as folder:
        copy, draft = Path(folder) / _DATABASE, Path(folder) / "backup"
        _copy_database(database, copy)
        with os.fdopen(os.open(draft, os.O_WRONLY | os.O_CREAT, 0o600), "wb") as file:
            _pack(file, copy, settings.data_dir)
        draft.rename(target)


def restore(settings: Settings, source: Path) -> None:
    """Puts a backup into an empty DATA_DIR; raises `Conflict` where there is a database already."""
    database = _sqlite_file(settings)
    if database.exists():
        raise Conflict(
            f"{database} exists. Restore into an empty DATA_DIR, or move that file away."
        )
    try:
        with tarfile.open(source) as archive:
            _unpack(archive, database, settings.data_dir)
    except (OSError, tarfile.TarError) as error:
        raise Invalid(f"{source} cannot be read as a backup: {error}") from None


def _sqlite_file(settings: Settings) -> Path:
    prefix, address = "sqlite:///", settings.database_address
    if not address.startswith(prefix):
        raise Invalid(
            "The database is PostgreSQL: use pg_dump and pg_restore, and keep your secrets."
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
    """Only the files that a backup has, only to where they belong; the secrets of the backup win."""
    for name in (*_SECRETS, _DATABASE):
        if name not in archive.getnames():
            continue
        packed = archive.extractfile(name)
        if packed is None:
            raise Invalid(f"{name} in the backup is not a file.")
        path = database if name == _DATABASE else data_dir / name
        path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        path.unlink(missing_ok=True)
        with os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb") as file:
            file.write(packed.read())
