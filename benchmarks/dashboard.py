"""How long the console's pages take over twenty bots and 100,000 messages: `bin/bench dashboard`.

The product runs as it is shipped (gunicorn, SQLite). Four browsers at once walk over every page.
"""

import argparse
import re
import statistics
import time
import urllib.parse
import urllib.request
from collections import defaultdict
from concurrent.futures import ThreadPoolExecutor
from http.cookiejar import CookieJar
from pathlib import Path

from app import create_app
from benchmarks.product import KEY, Product, product, provider
from core import configuration
from core.accounts import workspaces
from core.accounts.actor import OPERATOR
from core.bots import bots
from core.bots.bots import Draft
from tests.many import TURNS, fill

RESULT = Path(__file__).with_suffix(".md")
EMAIL, PASSWORD = "bench@example.com", "a long enough password"
BOTS = 20
GOAL_MS = 150


def main() -> None:
    options = _options()
    with (
        provider(0, chunks=4) as provider_url,
        product(ANTHROPIC_BASE_URL=provider_url, MINI_BASE_URL=f"{provider_url}/v1") as running,
    ):
        pages = _filled(running, options.messages)
        _client(running.url, pages, 2)
        with ThreadPoolExecutor(options.clients) as pool:
            runs = [
                pool.submit(_client, running.url, pages, options.rounds)
                for _ in range(options.clients)
            ]
            times: dict[str, list[float]] = defaultdict(list)
            for run in runs:
                for name, took in run.result():
                    times[name].append(took)
    text = _table(times, options)
    RESULT.write_text(text)
    print(text)


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="bin/bench dashboard", description=main.__doc__)
    parser.add_argument("--messages", type=int, default=100_000)
    parser.add_argument("--clients", type=int, default=4)
    parser.add_argument("--rounds", type=int, default=20)
    return parser.parse_args()


def _filled(running: Product, messages: int) -> dict[str, str]:
    """The pages to look at, by name, after the database was filled."""
    running.flask("people", "create", EMAIL, secret=PASSWORD)
    slug = running.flask("workspaces", "create", "Bench", "--owner", EMAIL)
    running.flask("workspaces", "set-plan", slug, "scale")
    running.flask("keys", "add", slug, "anthropic", secret=KEY)
    app = create_app(configuration.read(running.environ))
    with app.app_context():
        workspace = workspaces.by_slug(slug)
        drafts = [Draft(name=f"Bot {number}") for number in range(BOTS)]
        made = [bots.create(workspace, draft, OPERATOR) for draft in drafts]
        fill(workspace, made, messages // (2 * TURNS))
        here, talks = f"/w/{slug}", f"/w/{slug}/conversations"
        bot = f"{here}/bots/{made[0].id}"
    return {
        "Home": here,
        "Bots": f"{here}/bots",
        "A bot": bot,
        "Its knowledge": f"{bot}/knowledge",
        "Its settings": f"{bot}/settings",
        "Conversations": talks,
        "… of one bot": f"{talks}?bot={made[0].id}",
        "… with a word in every message": f"{talks}?q=order",
        "… with a word in none": f"{talks}?q=zebra",
        "… that failed": f"{talks}?state=failed",
        "Provider keys": f"{here}/provider-keys",
        "Usage this month": f"{here}/usage",
        "Usage of 30 days, by model": f"{here}/usage?period=30-days&by=model",
        "People": f"{here}/people",
        "Plan": f"{here}/plan",
        "Audit log": f"{here}/audit-log",
        "Settings": f"{here}/settings",
    }


def _client(url: str, pages: dict[str, str], rounds: int) -> list[tuple[str, float]]:
    """One browser: signs in, then looks at every page in turn."""
    browser = urllib.request.build_opener(urllib.request.HTTPCookieProcessor(CookieJar()))
    page = browser.open(f"{url}/sign-in").read().decode()
    token = re.search(r'name="csrf-token" content="([^"]+)"', page)
    assert token
    form = {"email": EMAIL, "password": PASSWORD, "csrf_token": token[1]}
    browser.open(f"{url}/sign-in", urllib.parse.urlencode(form).encode()).read()
    took = []
    for _ in range(rounds):
        for name, path in pages.items():
            started = time.perf_counter()
            browser.open(url + path).read()
            took.append((name, (time.perf_counter() - started) * 1000))
    return took


def _table(times: dict[str, list[float]], options: argparse.Namespace) -> str:
    lines = [
        "# The console with many messages\n",
        f"{BOTS} bots, {options.messages:,} messages, {options.clients} browsers that open",
        f"one page after another at the same time, {options.rounds} rounds each;",
        "gunicorn and SQLite as `bin/run` starts them,",
        "on one machine with two cores, including the browsers.",
        f"The goal is p95 ≤ {GOAL_MS} ms. Rerun: `bin/bench dashboard`\n",
        "| page | p50 ms | p95 ms |",
        "| --- | --- | --- |",
    ]
    for name, values in times.items():
        cuts = statistics.quantiles(values, n=100, method="inclusive")
        lines.append(f"| {name} | {cuts[49]:.0f} | {cuts[94]:.0f} |")
    return "\n".join(lines) + "\n"


if __name__ == "__main__":
    main()
