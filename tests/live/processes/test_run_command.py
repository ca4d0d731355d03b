"""`bin/run` on a machine where nothing is set: it prints an address, works, and leaves nothing behind."""

import os
import shutil
import signal
import subprocess
import time

import pytest

from tests.live.children import ROOT, Child, belonging_to, clean_environ, free_port, until
from tests.live.product import status_of

pytestmark = pytest.mark.xdist_group("bin-run")

FIRST_START_SECONDS = 90
SECOND_START_SECONDS = 15
"""On a machine that does nothing else: the other tests take their share of it."""
STOP_SECONDS = 30


@pytest.mark.slow
@pytest.mark.timeout(300)
def test_it_prints_its_address_stops_at_ctrl_c_and_starts_again_in_seconds(tmp_path):
    data, port = tmp_path / "data", free_port()
    environ = clean_environ(data_dir=data, port=port, mini_port=free_port())
    for start, seconds in (("first", FIRST_START_SECONDS), ("second", SECOND_START_SECONDS)):
        began = time.monotonic()
        run = Child("exec bin/run", environ, tmp_path / f"{start}.log")
        try:
            until(lambda run=run: is_ready(run, port), FIRST_START_SECONDS, "the address")
            assert time.monotonic() - began < seconds * busyness()
            assert status_of(port, "/readyz") == 200
            assert len(belonging_to(data)) > 5
            run.tell_group(signal.SIGINT)
            assert run.wait(STOP_SECONDS) == 0, run.said
        finally:
            run.stop()
        assert not belonging_to(data)


def test_a_link_in_place_of_the_packages_is_refused_and_what_it_leads_to_left_alone(tmp_path):
    checkout, others = tmp_path / "checkout", tmp_path / "others"
    shutil.copytree(ROOT / "bin", checkout / "bin")
    for wanted in ROOT.glob("requirements*.txt"):
        shutil.copy(wanted, checkout)
    (others / "bin").mkdir(parents=True)
    (others / "kept").write_text("theirs")
    (checkout / ".venv").symlink_to(others)
    environ = clean_environ(data_dir=tmp_path / "data")
    done = subprocess.run(
        [checkout / "bin" / "run"], env=environ, capture_output=True, text=True, check=False
    )
    assert done.returncode == 1
    assert f"{checkout}/.venv is a symbolic link" in done.stderr
    assert "rm " in done.stderr and not done.stdout
    assert sorted(path.name for path in others.rglob("*")) == ["bin", "kept"]


def busyness() -> float:
    """How many programs want each core, 1 at least."""
    return max(1, os.getloadavg()[0] / len(os.sched_getaffinity(0)))


def is_ready(run, port):
    assert not run.ended, run.said
    return f"Mevichat is ready: http://127.0.0.1:{port}" in run.said
