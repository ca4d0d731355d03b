"""When the first byte of every page comes, over a month of sample data: `bin/bench pages`.

The product runs as it is shipped (bin/run: gunicorn, SQLite, its workers). Four people at once, each
signed in, open every page that the URL map has, one after another, with a tenth of a second between two
pages; then once more without any pause, for how many pages a second that is.
"""

import argparse
import os
import secrets
import statistics
import time
from collections import defaultdict
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from http.client import HTTPConnection
from pathlib import Path
from urllib.parse import urlsplit

from benchmarks.product import product, provider
from benchmarks.sample import Sample, cookie_of, fill
from core.accounts import people
from tests.browser import Browser
from tests.queries import Queries
from tests.routes import routes

RESULT = Path(__file__).with_suffix(".md")
GOAL_MS, MOST_QUERIES = 100, 12


@dataclass(frozen=True)
class Page:
    rule: str
    path: str
    queries: int


def main() -> None:
    options = _options()
    with (
        provider(0, chunks=4) as provider_url,
        product(MINI_BASE_URL=f"{provider_url}/v1", SIGN_IN_LIMIT="1000 per minute") as running,
    ):
        sample = fill(running, options.people)
        pages = list(_pages(sample))
        cookies = [cookie_of(running.url, email) for email in sample.emails]
        _times(running.url, cookies, pages, 2)
        times = _times(running.url, cookies, pages, options.rounds, options.pause_seconds)
        began = time.perf_counter()
        hasty = _times(running.url, cookies, pages, options.rounds)
        seconds = time.perf_counter() - began
    text = _table(pages, times, options) + _hasty(hasty, seconds)
    RESULT.write_text(text)
    print(text)


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="bin/bench pages", description=main.__doc__)
    parser.add_argument("--people", type=int, default=4)
    parser.add_argument("--rounds", type=int, default=20)
    parser.add_argument("--pause-seconds", type=float, default=0.1)
    return parser.parse_args()


def _pages(sample: Sample) -> Iterator[Page]:
    """Every address that shows a page, and how often that asks the database."""
    with sample.app.app_context():
        person = people.find(sample.emails[0])
        assert person
        browser = Browser(sample.app).sign_in(person)
        for route in routes(sample.app):
            if route.method != "GET" or route.is_api:
                continue
            path = route.url(sample.values)
            browser.client.get(path)
            with Queries() as queries:
                answer = browser.client.get(path)
            assert answer.status_code < 500, path
            if answer.status_code == 200 and answer.mimetype == "text/html":
                yield Page(route.rule, path, len(queries.sent))


def _times(
    url: str, cookies: list[str], pages: list[Page], rounds: int, pause_seconds: float = 0
) -> dict[str, list[float]]:
    """Milliseconds to the first byte, by path."""
    times: dict[str, list[float]] = defaultdict(list)
    with ThreadPoolExecutor(len(cookies)) as pool:
        walks = [
            pool.submit(_walk, url, cookie, pages * rounds, pause_seconds) for cookie in cookies
        ]
        for path, took in (step for walk in walks for step in walk.result()):
            times[path].append(took)
    return times


def _walk(
    url: str, cookie: str, pages: list[Page], pause_seconds: float
) -> list[tuple[str, float]]:
    """One person: these pages in an order of their own, on one kept connection."""
    line = HTTPConnection(urlsplit(url).netloc)
    took = []
    for page in secrets.SystemRandom().sample(pages, len(pages)):
        time.sleep(pause_seconds)
        took.append((page.path, _first_byte(line, page.path, cookie)))
    return took


def _first_byte(line: HTTPConnection, path: str, cookie: str) -> float:
    started = time.perf_counter()
    line.request("GET", path, headers={"Cookie": cookie})
    answer = line.getresponse()
    answer.read(1)
    took = (time.perf_counter() - started) * 1000
    answer.read()
    assert answer.status == 200, path
    return took


def _table(pages: list[Page], times: dict[str, list[float]], options: argparse.Namespace) -> str:
    rows = []
    for page in pages:
        middle, late = _cuts(times[page.path])
        told = f"| `{page.rule}` | {middle:.0f} | {late:.0f} | {page.queries} |"
        rows.append((late, told))
    over = sum(late > GOAL_MS for late, _ in rows)
    lines = [
        "# Time to first byte of every page\n",
        f"The data of `bin/seed` with two bots, and one of everything else. {options.people} people",
        f"open one page after another at the same time, {options.rounds} times each, with pauses of",
        f"{options.pause_seconds:g} s; the product as `bin/run` starts it, with SQLite, on one machine with",
        f"{os.cpu_count()} cores, including the visitors. Milliseconds from the request to the first byte.\n",
        f"The goals are p95 ≤ {GOAL_MS} ms and at most {MOST_QUERIES} queries. Rerun: `bin/bench pages`\n",
        f"{len(pages)} pages, {over} of them over {GOAL_MS} ms; slowest first.\n",
        "| page | p50 ms | p95 ms | queries |",
        "| --- | --- | --- | --- |",
        *(told for _, told in sorted(rows, reverse=True)),
    ]
    return "\n".join(lines) + "\n"


def _hasty(times: dict[str, list[float]], seconds: float) -> str:
    """The same people without a pause: what the machine can do, and how long who waits behind others."""
    took = [one for path in times for one in times[path]]
    middle, late = _cuts(took)
    rate = len(took) / seconds
    return (
        f"\nWithout pauses: {rate:.0f} pages per second, all pages together "
        f"p50 {middle:.0f} ms, p95 {late:.0f} ms.\n"
    )


def _cuts(values: list[float]) -> tuple[float, float]:
    cuts = statistics.quantiles(values, n=100, method="inclusive")
    return cuts[49], cuts[94]


if __name__ == "__main__":
    main()
