"""The official SDKs, each in an environment of its own: `ask` runs cases there and tells what came of them."""

import hashlib
import json
import subprocess
import sys
from pathlib import Path
from typing import Any

from tests.live.children import ROOT, clean_environ

HERE = Path(__file__).parent
INSTALL_SECONDS = 300
ASK_SECONDS = 100

Case = dict[str, Any]
"""`kind` (how to ask), `model`, `prompt`, and where: `base_url`, `key`, `is_token` for ours."""


def ask(sdk: str, cases: list[Case]) -> list[dict[str, Any]]:
    """What came of each case: text, stop, tool, tokens; or `raised`, the name of the exception."""
    done = subprocess.run(
        [python_of(sdk), HERE / f"with_{sdk}.py"],
        input=json.dumps(cases),
        capture_output=True,
        text=True,
        check=False,
        timeout=ASK_SECONDS,
        env=clean_environ(),
    )
    assert done.returncode == 0, done.stderr[-3000:]
    found: list[dict[str, Any]] = json.loads(done.stdout)
    return found


def python_of(sdk: str) -> Path:
    """The Python of its environment, which is made once for each list of requirements."""
    wanted = HERE / f"requirements-{sdk}.txt"
    version = hashlib.sha256(wanted.read_bytes() + sys.version.encode()).hexdigest()[:8]
    folder = ROOT / ".venv-sdks" / f"{sdk}-{version}"
    python, ready = folder / "bin" / "python", folder / "ready"
    if not ready.exists():
        _run(sys.executable, "-m", "venv", "--clear", folder)
        _run(python, "-m", "pip", "install", "--quiet", "--requirement", wanted)
        ready.touch()
    return python


def _run(*command: str | Path) -> None:
    subprocess.run(command, check=True, capture_output=True, timeout=INSTALL_SECONDS)
