"""A database with the cast in it, made once a process: signing up five people takes longer than most tests."""

from collections.abc import Callable
from datetime import date
from pathlib import Path

from core import clock, db
from core.settings import Settings
from tests.application import shared_app
from tests.databases import sqlite_copy
from tests.people import make_cast


class CastDatabase:
    """To be copied for each test that has the cast."""

    def __init__(
        self, data_dir: Path, migrated: Path, settings_for: Callable[[str], Settings]
    ) -> None:
        self._data_dir, self._migrated, self._settings_for = data_dir, migrated, settings_for
        self._file = migrated
        self._made_on: date | None = None

    def path(self) -> Path:
        """Its file; another one after midnight, so that the cast is always of today."""
        if self._made_on != clock.now().date():
            self._make()
        return self._file

    def _make(self) -> None:
        url = sqlite_copy(self._data_dir, self._migrated)
        with shared_app.application(self._settings_for(url)).app_context():
            make_cast()
            db.db.session.remove()
            db.db.engine.dispose()  # the last connection to close moves the journal into the file
        self._file = Path(url.removeprefix("sqlite:///"))
        self._made_on = clock.now().date()
