"""Whether chat answers as before while a PDF of 20 MB is read: `bin/bench pdf_beside_chat`.

The product runs as it is shipped. Visitors talk to a bot that answers from a handbook, all the time: first
alone, then while the same bot is given the PDF in the console and its page says how far that is.
"""

import argparse
import http.client
import json
import re
import statistics
import threading
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from urllib.parse import urlsplit

import requests

from benchmarks.product import KEY, Product, product, provider
from tests.documents import a_manual

RESULT = Path(__file__).with_suffix(".md")
EMAIL, PASSWORD = "bench@example.com", "a long enough password"
MEGABYTES, PAGES = 20, 1_500
FIRST_BYTE_MS, WORDS, WORD_MS = 50, 40, 20
LOOK_EVERY_SECONDS = 1.0
MOST_SECONDS = 600
HANDBOOK = "# Bulbs\n\nThe Norre lamp takes a bulb of 60 watts.\n\n# Returns\n\nWithin 30 days."
QUESTION = "Which bulb does the Norre lamp take?"


@dataclass
class Told:
    """What the page said of the reading, and how long it took."""

    seconds: float = 0
    state: str = ""
    steps: list[int] = field(default_factory=list)
    """Pages done, each time that was another number."""


Answer = tuple[float, float, float]
"""When it was asked; milliseconds to its first token, and to its end."""


def main() -> None:
    options = _options()
    data = a_manual(
        options.pages, int(options.megabytes * 1e6), [f"term{n:04d}" for n in range(6_000)]
    )
    with (
        provider(FIRST_BYTE_MS, WORDS, WORD_MS) as provider_url,
        product(ANTHROPIC_BASE_URL=provider_url, MINI_BASE_URL=f"{provider_url}/v1") as running,
    ):
        bot_path = _bot(running)
        console = Console(running.url, bot_path)
        console.give("texts", data={"title": "Handbook", "text": HANDBOOK})
        console.until_read("Handbook")
        bot_url = f"{running.url}/v1/bots/{bot_path.rpartition('/')[2]}"
        with _talking(bot_url, options.chats) as alone:
            time.sleep(options.seconds)
        with _talking(bot_url, options.chats) as beside:
            began = time.perf_counter()
            console.give("files", files={"files": ("manual.pdf", data, "application/pdf")})
            told = console.until_read("manual.pdf")
            ended = time.perf_counter()
    during = [one for one in beside if one[0] >= began and one[0] + one[2] / 1000 <= ended]
    text = _table(options, len(data), told, alone, during)
    RESULT.write_text(text)
    print(text)


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="bin/bench pdf_beside_chat", description=main.__doc__)
    parser.add_argument("--chats", type=int, default=8, help="visitors who talk all the time")
    parser.add_argument("--seconds", type=float, default=30, help="of chat without the PDF")
    parser.add_argument("--megabytes", type=float, default=MEGABYTES)
    parser.add_argument("--pages", type=int, default=PAGES)
    return parser.parse_args()


def _bot(running: Product) -> str:
    """The path of a bot in the console, of a workspace on the largest plan."""
    running.flask("people", "create", EMAIL, secret=PASSWORD)
    slug = running.flask("workspaces", "create", "Bench", "--owner", EMAIL)
    running.flask("workspaces", "set-plan", slug, "scale")
    running.flask("keys", "add", slug, "anthropic", secret=KEY)
    named = ("--name", "Bench", "--model", "claude-haiku-4-5", "--unlimited")
    return f"/w/{slug}/bots/{running.flask('bots', 'create', slug, *named)}"


class Console:
    """The bot's Knowledge page, signed in."""

    def __init__(self, url: str, bot_path: str) -> None:
        self._url, self._knowledge = url, f"{url}{bot_path}/knowledge"
        self._browser = requests.Session()
        self._post(f"{url}/sign-in", {"email": EMAIL, "password": PASSWORD})

    def give(
        self, kind: str, data: dict[str, str] | None = None, files: dict | None = None
    ) -> None:
        self._post(f"{self._knowledge}/{kind}", data or {}, files)

    def until_read(self, title: str) -> Told:
        """Looks at the page until it says how the reading of that source ended."""
        told, began = Told(), time.perf_counter()
        while told.seconds < MOST_SECONDS:
            row = self._row(title)
            told.seconds = time.perf_counter() - began
            if found := re.search(r'<progress[^>]* value="(\d+)"', row):
                done = int(found[1])
                told.steps += [done] if done not in told.steps[-1:] else []
            pending, told.state = _state(row)
            if not pending:
                assert told.state == "Ready", row
                return told
            time.sleep(LOOK_EVERY_SECONDS)
        raise TimeoutError(f"{title} was not read in {MOST_SECONDS} s")

    def _row(self, title: str) -> str:
        page = self._browser.get(self._knowledge, timeout=30).text
        rows = re.findall(r'<tr id="src_.*?</tr>', page, re.DOTALL)
        return next(row for row in rows if title in row)

    def _post(self, url: str, data: dict[str, str], files: dict | None = None) -> None:
        token = re.search(
            r'name="csrf-token" content="([^"]+)"', self._browser.get(url, timeout=30).text
        )
        assert token, url
        form = {"csrf_token": token[1], **data}
        answer = self._browser.post(url, data=form, files=files, timeout=120)
        assert answer.ok, (url, answer.status_code, answer.text[-2000:])
        assert answer.history, f"{url} showed the form again"


@contextmanager
def _talking(bot_url: str, chats: int) -> Iterator[list[Answer]]:
    """So many visitors who ask again and again; afterwards the list holds all their answers."""
    over = threading.Event()
    answers: list[Answer] = []
    with ThreadPoolExecutor(chats) as pool:
        runs = [pool.submit(_visitor, bot_url, over) for _ in range(chats)]
        try:
            yield answers
        finally:
            over.set()
        for run in runs:
            answers += run.result()


def _visitor(bot_url: str, over: threading.Event) -> list[Answer]:
    parts = urlsplit(bot_url)
    connection = http.client.HTTPConnection(parts.netloc, timeout=60)
    answers = []
    while not over.is_set():
        connection.request("POST", f"{parts.path}/conversations")
        token = json.loads(connection.getresponse().read())["visitor_token"]
        headers = {"Authorization": f"Bearer {token}", "content-type": "application/json"}
        body = json.dumps({"text": QUESTION})
        began = time.perf_counter()
        connection.request("POST", f"{parts.path}/messages", body=body, headers=headers)
        answers.append((began, *_read(connection.getresponse(), began)))
    return answers


def _read(answer: http.client.HTTPResponse, began: float) -> tuple[float, float]:
    first, events = 0.0, set()
    while line := answer.readline():
        if line.startswith(b"event: "):
            events.add(line[7:].strip().decode())
            if "delta" in events and not first:
                first = (time.perf_counter() - began) * 1000
    assert {"delta", "done", "sources"} <= events, (answer.status, events)
    return first, (time.perf_counter() - began) * 1000


def _state(row: str) -> tuple[bool, str]:
    """Whether it is still being read, and the page's word for its state."""
    found = re.search(r'class="status" data-kind="(\w+)">([^<]+)<', row)
    assert found, row
    return found[1] == "info", found[2]


def _table(
    options: argparse.Namespace, size: int, told: Told, alone: list[Answer], during: list[Answer]
) -> str:
    rising = told.steps == sorted(told.steps) and len(told.steps) > 2
    lines = [
        "# Chat while a large PDF is indexed\n",
        f"{options.chats} visitors constantly ask a bot, which searches its knowledge and calls a loopback",
        f"provider: it waits {FIRST_BYTE_MS} ms, then sends {WORDS} words, one every {WORD_MS} ms.",
        f"First alone, for {options.seconds:g} s; then while the same bot indexes a PDF of",
        f"{size / 1e6:.1f} MB and {options.pages:,} pages. gunicorn, workers, SQLite as `bin/run` starts them,",
        "on one machine with two cores, including the visitors. Rerun: `bin/bench pdf_beside_chat`\n",
        f"The PDF was *{told.state}* after {told.seconds:.0f} s. Its page reported progress {len(told.steps)} "
        f"times, {'always more' if rising else 'NOT RISING'}.\n",
        "| | answers | first token p50 ms | p95 ms | whole answer p50 ms | p95 ms |",
        "| --- | --- | --- | --- | --- | --- |",
    ]
    numbers = [_numbers(alone), _numbers(during)]
    for name, answers, row in zip(("alone", "beside"), (alone, during), numbers, strict=True):
        lines.append(f"| {name} | {len(answers)} | {' | '.join(f'{n:.0f}' for n in row)} |")
    ratios = (b / a for a, b in zip(*numbers, strict=True))
    lines.append(f"| ratio | | {' | '.join(f'{ratio:.2f}' for ratio in ratios)} |")
    return "\n".join(lines) + "\n"


def _numbers(answers: list[Answer]) -> list[float]:
    """p50 and p95 until the first token, then of the whole."""
    return [
        statistics.quantiles([one[which] for one in answers], n=100, method="inclusive")[share - 1]
        for which in (1, 2)
        for share in (50, 95)
    ]


if __name__ == "__main__":
    main()
