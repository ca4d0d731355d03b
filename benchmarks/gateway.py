"""The gateway, LiteLLM's proxy and Portkey's gateway, with nginx as the limit: one core for each, one mock.

Core 0 runs the gateway that is measured (ours with its Redis, workers and database); core 1 runs the mock and
the load (wrk). LiteLLM is installed from PyPI and Portkey from npm, each in its own folder.
"""

import json
import os
import re
import subprocess
import sys
import tempfile
import time
import urllib.request
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path

from benchmarks.product import ROOT, Product, free_port

RESULT = ROOT / "benchmarks" / "gateway.md"
CACHE = Path(os.environ.get("XDG_CACHE_HOME", Path.home() / ".cache")) / "mevichat-benchmarks"
LITELLM = "litellm[proxy]==1.106.2"
PORTKEY = ("@portkey-ai/gateway@1.15.2", "hono@4.9.7", "@hono/node-server@1.3.3")
SECONDS = 8
STREAMS = 1_000
GOALS = "The goals are 10 × LiteLLM, 2 × Portkey, at most 3 ms added, 35 MB for the streams."
BODY = {"model": "gpt-5-mini", "messages": [{"role": "user", "content": "Hello"}]}
ANSWER = {
    "id": "chatcmpl-1",
    "object": "chat.completion",
    "created": 1_760_000_000,
    "model": "gpt-5-mini",
    "choices": [
        {
            "index": 0,
            "message": {"role": "assistant", "content": "Hello! How can I help you today?"},
            "finish_reason": "stop",
        }
    ],
    "usage": {"prompt_tokens": 9, "completion_tokens": 9, "total_tokens": 18},
}
NGINX = """
worker_processes 1; daemon off; pid {folder}/nginx.pid; error_log {folder}/error.log;
events {{ worker_connections 8192; }}
http {{
  access_log off; keepalive_requests 1000000;
  client_body_temp_path {folder}/b; proxy_temp_path {folder}/p; fastcgi_temp_path {folder}/f;
  uwsgi_temp_path {folder}/u; scgi_temp_path {folder}/s;
  upstream mock {{ server 127.0.0.1:{mock}; keepalive 64; }}
  server {{ listen 127.0.0.1:{port} backlog=4096; default_type application/json; {what} }}
}}
"""


@dataclass(frozen=True)
class Contestant:
    """A gateway that runs: what is sent to it."""

    name: str
    url: str
    headers: dict[str, str]


@dataclass(frozen=True)
class Measured:
    requests_per_second: float
    p50_ms: float
    p99_ms: float
    alone_p50_ms: float
    errors: int


def main() -> None:
    """Measures one after the other and writes the table."""
    with ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory()))
        mock = free_port()
        answer = json.dumps(ANSWER).replace("'", "")
        stack.enter_context(
            nginx(folder / "mock", mock, mock, f"location / {{ return 200 '{answer}'; }}", 1)
        )
        direct = measured(Contestant("the mock itself", f"http://127.0.0.1:{mock}/v1", {}), folder)
        found: dict[str, Measured] = {}
        for start in (limit, ours, litellm, portkey):
            with start(folder, mock) as contestant:
                found[contestant.name] = measured(contestant, folder)
                print(contestant.name, found[contestant.name], file=sys.stderr)
        streams = open_streams()
    RESULT.write_text(report(direct, found, streams))
    print(RESULT.read_text())


def measured(contestant: Contestant, folder: Path) -> Measured:
    """After a warm-up: under sixteen connections, then one alone for the latency."""
    _wrk(contestant, folder, 16, 2)
    busy, alone = _wrk(contestant, folder, 16, SECONDS), _wrk(contestant, folder, 1, SECONDS)
    rate = float(re.search(r"Requests/sec:\s+([\d.]+)", busy)[1])  # type: ignore[index]
    wrong = re.search(r"Non-2xx or 3xx responses: (\d+)", busy)
    return Measured(
        rate,
        _milliseconds(busy, "50%"),
        _milliseconds(busy, "99%"),
        _milliseconds(alone, "50%"),
        int(wrong[1]) if wrong else 0,
    )


def _wrk(contestant: Contestant, folder: Path, connections: int, seconds: int) -> str:
    headers = {"Content-Type": "application/json"} | contestant.headers
    lines = ['wrk.method = "POST"', f"wrk.body = [[{json.dumps(BODY)}]]"]
    lines += [f'wrk.headers["{name}"] = "{text}"' for name, text in headers.items()]
    script = folder / "post.lua"
    script.write_text("\n".join(lines))
    command = ["taskset", "-c", "1", "wrk", "-t1", f"-c{connections}", f"-d{seconds}s", "--latency"]
    url = f"{contestant.url}/chat/completions"
    return subprocess.run(
        [*command, "-s", script, url], capture_output=True, text=True, check=True
    ).stdout


def _milliseconds(told: str, share: str) -> float:
    number, unit = re.search(rf"{share}\s+([\d.]+)(us|ms|s)", told).groups()  # type: ignore[union-attr]
    return float(number) * {"us": 0.001, "ms": 1, "s": 1_000}[unit]


@contextmanager
def nginx(folder: Path, port: int, mock: int, what: str, core: int) -> Iterator[None]:
    folder.mkdir(exist_ok=True)
    settings = folder / "nginx.conf"
    settings.write_text(NGINX.format(folder=folder, port=port, mock=mock, what=what))
    with running(["nginx", "-c", str(settings)], core, f"http://127.0.0.1:{port}/"):
        yield


@contextmanager
def limit(folder: Path, mock: int) -> Iterator[Contestant]:
    """nginx as a proxy: no gateway can be faster."""
    port = free_port()
    what = (
        "location / { proxy_pass http://mock; proxy_http_version 1.1; "
        'proxy_set_header Connection ""; }'
    )
    with nginx(folder / "limit", port, mock, what, 0):
        yield Contestant("nginx (the limit)", f"http://127.0.0.1:{port}/v1", {})


@contextmanager
def ours(folder: Path, mock: int) -> Iterator[Contestant]:
    """`bin/run` with one web process: tokens, routing, keys, the log and the day's use included."""
    port = free_port()
    environ = os.environ | {
        "DATA_DIR": str(folder / "data"),
        "PORT": str(port),
        "WEB_PROCESSES": "1",
        "LOG_LEVEL": "warning",
        "OPENAI_BASE_URL": f"http://127.0.0.1:{mock}/v1",
    }
    url = f"http://127.0.0.1:{port}"
    with running([str(ROOT / "bin" / "run")], 0, f"{url}/readyz", environ):
        token = token_on(Product(url, environ))
        yield Contestant("Mevichat", f"{url}/v1", {"Authorization": f"Bearer {token}"})


def token_on(product: Product) -> str:
    """A person, a workspace on Scale with a key for OpenAI, and a gateway token."""
    product.flask("people", "create", "a@example.com", secret="correct horse battery")  # noqa: S106
    product.flask("workspaces", "create", "Acme", "--owner", "a@example.com")
    product.flask("workspaces", "set-plan", "acme", "scale")
    product.flask("keys", "add", "acme", "openai", secret="sk-proj-" + "b" * 60)
    return product.flask("tokens", "create", "acme", "a@example.com", "--name", "benchmark")


@contextmanager
def litellm(folder: Path, mock: int) -> Iterator[Contestant]:
    venv = CACHE / "litellm"
    if not (venv / "bin" / "litellm").exists():
        subprocess.run([sys.executable, "-m", "venv", venv], check=True)
        subprocess.run([venv / "bin" / "pip", "install", "-q", LITELLM], check=True)
    settings, port = folder / "litellm.yaml", free_port()
    settings.write_text(
        "model_list:\n  - model_name: gpt-5-mini\n    litellm_params: "
        f"{{model: openai/gpt-5-mini, api_base: 'http://127.0.0.1:{mock}/v1', api_key: sk-mock}}\n"
        "general_settings: {master_key: sk-benchmark-master}\n"
    )
    command = [str(venv / "bin" / "litellm"), "--config", str(settings), "--num_workers", "1"]
    command += ["--host", "127.0.0.1", "--port", str(port)]
    environ = os.environ | {"LITELLM_LOCAL_MODEL_COST_MAP": "True"}
    with running(command, 0, f"http://127.0.0.1:{port}/health/liveliness", environ):
        headers = {"Authorization": "Bearer sk-benchmark-master"}
        yield Contestant("LiteLLM's proxy 1.106.2", f"http://127.0.0.1:{port}/v1", headers)


@contextmanager
def portkey(folder: Path, mock: int) -> Iterator[Contestant]:
    place = CACHE / "portkey"
    server = place / "node_modules" / "@portkey-ai" / "gateway" / "build" / "start-server.js"
    if not server.exists():
        place.mkdir(parents=True, exist_ok=True)
        subprocess.run(["npm", "install", "--silent", *PORTKEY], cwd=place, check=True)
    port = free_port()
    command = ["node", str(server), f"--port={port}", "--headless"]
    headers = {"Authorization": "Bearer sk-mock", "x-portkey-provider": "openai"}
    headers["x-portkey-custom-host"] = f"http://127.0.0.1:{mock}/v1"
    with running(command, 0, f"http://127.0.0.1:{port}/"):
        yield Contestant("Portkey's gateway 1.15.2", f"http://127.0.0.1:{port}/v1", headers)


@contextmanager
def running(
    command: list[str], core: int, ready: str, environ: dict[str, str] | None = None
) -> Iterator[subprocess.Popen[bytes]]:
    """A process on one core, once it answers; it is ended afterwards."""
    started = subprocess.Popen(
        ["taskset", "-c", str(core), *command],
        env=environ,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    try:
        _until(lambda: _answers(ready))
        time.sleep(2)
        yield started
    finally:
        started.terminate()
        started.wait(60)


def _until(holds: Callable[[], bool], seconds: float = 120) -> None:
    deadline = time.monotonic() + seconds
    while not holds():
        if time.monotonic() > deadline:
            raise TimeoutError("A gateway did not start.")
        time.sleep(0.3)


def _answers(url: str) -> bool:
    try:
        with urllib.request.urlopen(url, timeout=2):  # noqa: S310
            return True
    except urllib.error.HTTPError:
        return True
    except OSError:
        return False


def open_streams() -> str:
    """What a thousand open streams add to one web process; "" where that was not measured."""
    from benchmarks.gateway_streams import megabytes_of_streams

    return f"{STREAMS:,} open streams in one worker added {megabytes_of_streams(STREAMS):.0f} MB to it.\n"


def report(direct: Measured, found: dict[str, Measured], streams: str) -> str:
    """The table, with what it means."""
    us = found["Mevichat"]
    rows = [
        f"| {name} | {one.requests_per_second:,.0f} | {one.p50_ms:.1f} | {one.p99_ms:.1f} "
        f"| {one.alone_p50_ms - direct.alone_p50_ms:.1f} | {one.errors} |"
        for name, one in found.items()
    ]
    ratios = [
        f"- {us.requests_per_second / one.requests_per_second:.2g} × {name}"
        for name, one in found.items()
        if name != "Mevichat"
    ]
    return (
        "# The gateway compared with others\n\n"
        f"{__doc__}\nSixteen connections for {SECONDS} s, then one alone. *Added* is the median of the one, "
        "minus the mock’s own. All of\nour features are on: token, routing, the encrypted key, the log with "
        "tokens and cost. Rerun: `bin/bench gateway`\n"
        "(needs nginx, wrk, taskset and npm).\n\n"
        "| | requests/s | p50 ms | p99 ms | added p50 ms | errors |\n| --- | --- | --- | --- | --- | --- |\n"
        + "\n".join(rows)
        + "\n\nMevichat's requests/s are\n"
        + "\n".join(ratios)
        + f"\n\n{streams}\n{GOALS}\n\n"
        f"Versions: {LITELLM} (LITELLM_LOCAL_MODEL_COST_MAP=True), {' '.join(PORTKEY)}, "
        f"{_version('nginx', '-v')}, Python {sys.version.split()[0]}, node {_version('node', '-v')}.\n"
    )


def _version(*command: str) -> str:
    told = subprocess.run(command, capture_output=True, text=True, check=False)
    return (told.stdout + told.stderr).strip().removeprefix("nginx version: ")


if __name__ == "__main__":
    main()
