"""What a bot adds to the provider's own time until the first token: `bin/bench first_token`.

The same provider is asked directly and through a bot, in turn, over connections that stay open. The
bot does everything it does for a customer: token, origin, quota, two rows, history, key, journal.
"""

import argparse
import http.client
import json
import statistics
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from urllib.parse import urlsplit

from benchmarks.product import KEY, Product, product, provider

RESULT = Path(__file__).with_suffix(".md")
PROVIDER_FIRST_BYTE_MS = 50
WARM_UP = 5


def main() -> None:
    options = _options()
    with (
        provider(PROVIDER_FIRST_BYTE_MS, chunks=8) as provider_url,
        product(ANTHROPIC_BASE_URL=provider_url, MINI_BASE_URL=f"{provider_url}/v1") as running,
    ):
        bot_url = _bot(running)
        rows = [
            (clients, *_measured(provider_url, bot_url, clients, options.pairs))
            for clients in (1, options.clients)
        ]
    text = _table(rows, options)
    RESULT.write_text(text)
    print(text)


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="bin/bench first_token", description=main.__doc__)
    parser.add_argument("--pairs", type=int, default=100, help="pairs of requests for each client")
    parser.add_argument("--clients", type=int, default=8, help="clients at once in the second row")
    return parser.parse_args()


def _bot(running: Product) -> str:
    running.flask("people", "create", "bench@example.com", secret="a long enough password")
    slug = running.flask("workspaces", "create", "Bench", "--owner", "bench@example.com")
    running.flask("workspaces", "set-plan", slug, "scale")
    running.flask("keys", "add", slug, "anthropic", secret=KEY)
    bot = running.flask(
        "bots", "create", slug, "--name", "Bench", "--model", "claude-haiku-4-5", "--unlimited"
    )
    return f"{running.url}/v1/bots/{bot}"


def _measured(
    provider_url: str, bot_url: str, clients: int, pairs: int
) -> tuple[list[float], list[float]]:
    """Milliseconds to the first token, directly and through the bot, pair by pair."""
    with ThreadPoolExecutor(clients) as pool:
        runs = [pool.submit(_client, provider_url, bot_url, pairs) for _ in range(clients)]
        found = [run.result() for run in runs]
    direct = [value for run in found for value in run[0]]
    through = [value for run in found for value in run[1]]
    return direct, through


def _client(provider_url: str, bot_url: str, pairs: int) -> tuple[list[float], list[float]]:
    ask_direct, ask_bot = _direct(provider_url), _through(bot_url)
    direct, through = [], []
    for number in range(WARM_UP + pairs):
        times = ask_direct(), ask_bot()
        if number >= WARM_UP:
            direct.append(times[0])
            through.append(times[1])
    return direct, through


def _direct(provider_url: str) -> Callable[[], float]:
    connection = http.client.HTTPConnection(urlsplit(provider_url).netloc, timeout=30)
    headers = {
        "x-api-key": KEY,
        "anthropic-version": "2023-06-01",
        "content-type": "application/json",
    }
    body = json.dumps(
        {
            "model": "claude-haiku-4-5",
            "max_tokens": 64,
            "stream": True,
            "messages": [{"role": "user", "content": "Hello"}],
        }
    )
    return lambda: _first(connection, "/v1/messages", headers, body, b"content_block_delta")


def _through(bot_url: str) -> Callable[[], float]:
    """A conversation of its own for every question, opened outside the measured time."""
    parts = urlsplit(bot_url)
    connection = http.client.HTTPConnection(parts.netloc, timeout=30)

    def ask() -> float:
        connection.request("POST", f"{parts.path}/conversations")
        token = json.loads(connection.getresponse().read())["visitor_token"]
        headers = {"Authorization": f"Bearer {token}", "content-type": "application/json"}
        return _first(
            connection, f"{parts.path}/messages", headers, '{"text": "Hello"}', b"event: delta"
        )

    return ask


def _first(
    connection: http.client.HTTPConnection,
    path: str,
    headers: dict[str, str],
    body: str,
    mark: bytes,
) -> float:
    """Milliseconds until the first line with `mark`; reads the rest so that the connection stays open."""
    started = time.perf_counter()
    connection.request("POST", path, body=body, headers=headers)
    answer = connection.getresponse()
    first = 0.0
    while line := answer.readline():
        if not first and mark in line:
            first = (time.perf_counter() - started) * 1000
    assert first, f"no token from {path}: {answer.status}"
    return first


def _table(rows: list[tuple[int, list[float], list[float]]], options: argparse.Namespace) -> str:
    lines = [
        "# Time to the first token\n",
        f"A loopback provider that waits {PROVIDER_FIRST_BYTE_MS} ms before it answers, called directly and",
        f"through a bot in turn; {options.pairs} pairs for each client;",
        "everything on one machine with two cores, including the clients.",
        "Rerun: `bin/bench first_token`\n",
        "| clients | | direct ms | through the bot ms | added ms | ratio |",
        "| --- | --- | --- | --- | --- | --- |",
    ]
    for clients, direct, through in rows:
        for name, share in (("p50", 0.5), ("p99", 0.99)):
            a, b = _quantile(direct, share), _quantile(through, share)
            lines.append(f"| {clients} | {name} | {a:.1f} | {b:.1f} | {b - a:.1f} | {b / a:.2f} |")
    return "\n".join(lines) + "\n"


def _quantile(values: list[float], share: float) -> float:
    return statistics.quantiles(values, n=100, method="inclusive")[round(share * 100) - 1]


if __name__ == "__main__":
    main()
