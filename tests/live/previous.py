"""A deployment as the previous release wrote it (upgrade/README.md): its data, its secrets, who is in it.

The dump is of one day. What ends with time is set forward, as if that release had just been stopped.
"""

import shutil
import sqlite3
from pathlib import Path

UPGRADE = Path(__file__).parent / "upgrade"
DUMP = (UPGRADE / "0001.sql").read_text()

OLGA, BEN = "olga@example.com", "ben@example.com"
OLGAS_SIGN_IN = "mvs_faeMnZ49Rb2ryH25THFfleLZjIYNRx1BaN6c3wo3Xw"
OLGAS_ENDED_SIGN_IN = "mvs_tETHbzXOvJn4tTH5LFj54xGzvjVuN6A8ydKj1z3stN"
VISITORS_TOKEN = "mvv_bU7OhqHZTZ3amw8YqMiWjXviGjwiROIuSE9L480BwV"
"""Of the conversation with Support, which has an answer of each kind."""

_SET_FORWARD = """
UPDATE conversations SET expires_at = strftime('%Y-%m-%d %H:%M:%f000', 'now', '+6 days');
UPDATE sign_ins SET seen_at = strftime('%Y-%m-%d %H:%M:%f000', 'now'),
    created_at = strftime('%Y-%m-%d %H:%M:%f000', 'now');
UPDATE quota_periods SET period = strftime('%Y-%m', 'now');
UPDATE messages SET quota_period = strftime('%Y-%m', 'now') WHERE quota_period != '';
"""

Rows = dict[str, list[dict[str, object]]]


def leave_behind(data_dir: Path) -> Rows:
    """Puts database and secrets into a new DATA_DIR; returns every row, by table."""
    shutil.copytree(UPGRADE / "secrets", data_dir / "secrets")
    return write_database(data_dir / "mevichat.db")


def write_database(path: Path) -> Rows:
    connection = sqlite3.connect(path)
    try:
        connection.executescript(DUMP + _SET_FORWARD)
        return _rows(connection)
    finally:
        connection.close()


def _rows(connection: sqlite3.Connection) -> Rows:
    connection.row_factory = sqlite3.Row
    names = connection.execute("SELECT name FROM sqlite_master WHERE type = 'table'").fetchall()
    tables = [name for (name,) in names if name != "alembic_version"]
    return {table: [*map(dict, connection.execute(f"SELECT * FROM {table}"))] for table in tables}
