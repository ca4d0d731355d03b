"""Coding agents, from the npm registry and PyPI, each of one version, in a folder that is kept between runs."""

import subprocess
import sys
from pathlib import Path

from tests.live.children import ROOT, clean_environ

CACHE = ROOT / ".venv-sdks" / "agents"
NPM = {"claude": "@anthropic-ai/claude-code@2.1.197", "codex": "@openai/codex@0.169.0"}
AIDER = "aider-chat==0.86.2"
INSTALL_SECONDS = 600
ANSWER_SECONDS = 100

_CODEX = """
model_provider = "mevichat"
[model_providers.mevichat]
name = "Mevichat"
base_url = "{url}/v1"
env_key = "MEVICHAT_TOKEN"
wire_api = "responses"
"""
_AIDER_QUIET = (
    "--no-git", "--yes-always", "--no-check-update", "--analytics-disable", "--no-stream",
    "--no-show-model-warnings", "--no-show-release-notes",
)  # fmt: skip


def claude(home: Path, url: str, token: str, model: str, prompt: str) -> str:
    """What `claude -p` prints, with a base URL and a token set and nothing else."""
    variables = {"ANTHROPIC_BASE_URL": url, "ANTHROPIC_AUTH_TOKEN": token}
    return _printed(home, [_npm("claude"), "-p", prompt, "--model", model], variables)


def codex(home: Path, url: str, token: str, model: str, prompt: str) -> str:
    """The last words of `codex exec`, with the gateway as its provider."""
    said = home / "said.txt"
    (home / "config.toml").write_text(_CODEX.format(url=url))
    variables = {"CODEX_HOME": str(home), "MEVICHAT_TOKEN": token}
    options = ["--skip-git-repo-check", "--model", model, "--output-last-message", said]
    _printed(home, [_npm("codex"), "exec", *options, prompt], variables)
    return said.read_text()


def aider(home: Path, url: str, token: str, model: str, prompt: str) -> str:
    variables = {"OPENAI_API_BASE": f"{url}/v1", "OPENAI_API_KEY": token}
    variables["LITELLM_LOCAL_MODEL_COST_MAP"] = "True"
    command = [_aider(), *_AIDER_QUIET, "--model", f"openai/{model}", "--message", prompt]
    return _printed(home, command, variables)


def _printed(home: Path, command: list[str | Path], variables: dict[str, str]) -> str:
    done = subprocess.run(
        command,
        cwd=home,
        env=clean_environ() | variables | {"HOME": str(home)},
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        check=False,
        timeout=ANSWER_SECONDS,
    )
    assert done.returncode == 0, done.stdout[-2000:] + done.stderr[-2000:]
    return done.stdout


def _npm(name: str) -> Path:
    program = CACHE / "node_modules" / ".bin" / name
    if not program.exists():
        CACHE.mkdir(parents=True, exist_ok=True)
        _run("npm", "install", "--no-audit", "--no-fund", "--prefix", CACHE, *NPM.values())
    return program


def _aider() -> Path:
    folder = CACHE / "aider"
    program = folder / "bin" / "aider"
    if not program.exists():
        _run(sys.executable, "-m", "venv", "--clear", folder)
        _run(folder / "bin" / "python", "-m", "pip", "install", "--quiet", AIDER)
    return program


def _run(*command: str | Path) -> None:
    subprocess.run(command, check=True, capture_output=True, timeout=INSTALL_SECONDS)
