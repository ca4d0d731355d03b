"""What is logged, and what never is."""

import subprocess
import sys

import pytest

from tests import marker
from tests.house.sources import ROOT

KEY = marker.openai_key()


@pytest.mark.parametrize("configured", ["", "log.configure('info', lambda text: '[scrubbed]')\n"])
def test_no_text_is_logged_unless_it_is_scrubbed(configured):
    program = f"from core import log\n{configured}log.logger('a').warning('key %s', key={KEY!r})"
    done = subprocess.run(
        [sys.executable, "-c", program], cwd=ROOT, capture_output=True, text=True, check=True
    )
    written = done.stdout + done.stderr
    assert ("[scrubbed]" if configured else "[withheld") in written
    assert KEY not in written
