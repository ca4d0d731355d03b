"""A process that is killed while it charges a request, for real; and prices above their holds, all at once."""

import os
import signal
import subprocess
import sys
from datetime import timedelta

import pytest

from core.accounts.actor import OPERATOR
from core.db import session
from core.gateway.billing import balance
from tests.databases import on_both_databases
from tests.threads import at_once

_DIES = """
import os, signal
from app import create_app
from core.db import work_context
from core.gateway.billing import balance
create_app()
enter = balance._enter
def killed(current, *args):
    enter(current, *args)
    current.flush()
    os.kill(os.getpid(), signal.SIGKILL)
balance._enter = killed
with work_context():
    balance.settle("req_1", 100)
"""


def sums(workspace) -> tuple[int, int, int]:
    """Balance, holds, ledger, as the database has them now."""
    session().commit()
    session().expire_all()
    return balance.sums(workspace.id)


@pytest.fixture
def acme(cast):
    balance.top_up(cast.workspace.id, 1000, "", OPERATOR)
    return cast.workspace


@on_both_databases
def test_a_process_killed_before_its_commit_has_charged_nothing(
    acme, database_url, data_dir, shift_clock
):
    balance.hold(acme.id, "req_1", 300)
    session().commit()
    environ = os.environ | {"DATABASE_URL": database_url, "DATA_DIR": str(data_dir)}
    done = subprocess.run(
        [sys.executable, "-c", _DIES], env=environ, capture_output=True, check=False
    )
    assert done.returncode == -signal.SIGKILL, done.stderr
    assert sums(acme) == (700, 300, 1000)
    shift_clock(balance.dead_after() + timedelta(seconds=1))
    assert balance.sweep() == 1
    assert sums(acme) == (1000, 0, 1000)


@on_both_databases
def test_prices_above_their_holds_never_take_more_than_is_there(acme):
    for number in range(10):
        balance.hold(acme.id, f"req_{number}", 50)
    charged = at_once(10, lambda number: balance.settle(f"req_{number}", 200))
    assert sum(charged) == 1000
    assert sums(acme) == (0, 0, 0)
