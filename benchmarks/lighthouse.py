"""What Lighthouse finds of the pages that people see most, on a phone and on a desktop: `bin/bench lighthouse`.

Lighthouse comes from npm into a folder of its own at first use, and looks with the machine's own Chromium
at the product as `bin/run` starts it. Each page is looked at a few times; what is told is the median.
"""

import argparse
import json
import os
import shutil
import statistics
import subprocess
import tempfile
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from benchmarks.product import product, provider
from benchmarks.sample import Sample, cookie_of, fill

RESULT = Path(__file__).with_suffix(".md")
CACHE = Path(os.environ.get("XDG_CACHE_HOME", Path.home() / ".cache")) / "mevichat-benchmarks"
VERSION = "12.8.2"  # the last that runs on Node 20
GOALS = {"accessibility": 100, "best-practices": 95, "performance": 95}
FORMS: dict[str, list[str]] = {"phone": [], "desktop": ["--preset=desktop"]}
CHROMIUM = "--headless=new --no-sandbox --disable-gpu --disable-background-networking"

GOOD_ENOUGH = 0.9
TRIES = 3
"""It loses its own trace now and then (NO_NAVSTART)."""

Report = dict[str, Any]


def main() -> None:
    options = _options()
    with (
        provider(0, chunks=4) as provider_url,
        product(MINI_BASE_URL=f"{provider_url}/v1") as running,
        tempfile.TemporaryDirectory() as folder,
    ):
        sample = fill(running, 1)
        headers = Path(folder) / "headers.json"
        headers.write_text(json.dumps({"Cookie": cookie_of(running.url, sample.emails[0])}))
        found = {
            (name, form): [
                _look(running.url + path, headers, FORMS[form]) for _ in range(options.runs)
            ]
            for name, path in _pages(sample).items()
            for form in FORMS
        }
    text = _table(found, options.runs)
    RESULT.write_text(text)
    print(text)


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="bin/bench lighthouse", description=main.__doc__)
    parser.add_argument("--runs", type=int, default=3)
    return parser.parse_args()


def _pages(sample: Sample) -> dict[str, str]:
    here, bot = f"/w/{sample.slug}", sample.values["bot_id"]
    return {
        "Home": here,
        "Provider keys": f"{here}/provider-keys",
        "A bot": f"{here}/bots/{bot}",
        "The chat": f"/chat/{bot}",
        "The demo page": f"/demo/{bot}",
    }


def _look(url: str, headers: Path, form: list[str]) -> Report:
    chromium = shutil.which("chromium")
    assert chromium, "Chromium is not installed; bin/test installs it"
    command = [
        "node", str(_lighthouse()), url, "--quiet", "--output=json", f"--chrome-flags={CHROMIUM}",
        f"--extra-headers={headers}", f"--only-categories={','.join(GOALS)}", *form,
    ]  # fmt: skip
    environ = os.environ | {"CHROME_PATH": chromium}
    for _ in range(TRIES):
        done = subprocess.run(command, env=environ, capture_output=True, text=True, check=False)
        if done.returncode == 0:
            report: Report = json.loads(done.stdout)
            return report
    raise AssertionError(f"{url}: {done.stderr[-1000:]}")


def _lighthouse() -> Path:
    place = CACHE / "lighthouse"
    program = place / "node_modules" / "lighthouse" / "cli" / "index.js"
    if not program.exists():
        place.mkdir(parents=True, exist_ok=True)
        install = ["npm", "install", "--silent", f"lighthouse@{VERSION}"]
        subprocess.run(
            install, cwd=place, env=os.environ | {"PUPPETEER_SKIP_DOWNLOAD": "1"}, check=True
        )
    return program


def _scores(reports: list[Report], category: str) -> float:
    return statistics.median(100 * report["categories"][category]["score"] for report in reports)


def _faults(reports: list[Report]) -> list[str]:
    """What most of the looks found wrong, or slow enough to cost something."""
    found = Counter(fault for report in reports for fault in _faults_of(report))
    return [fault for fault, times in found.items() if times > len(reports) / 2]


def _faults_of(report: Report) -> Iterator[str]:
    for category in GOALS:
        for part in report["categories"][category]["auditRefs"]:
            audit = report["audits"][part["id"]]
            counts = part["weight"] and audit["scoreDisplayMode"] in ("binary", "numeric")
            if counts and (audit["score"] or 0) < GOOD_ENOUGH:
                yield str(audit["title"])


def _table(found: dict[tuple[str, str], list[Report]], runs: int) -> str:
    lines = [
        "# Lighthouse\n",
        f"Lighthouse {VERSION} with the machine's own Chromium, on the data of `bin/seed`;",
        f"medians of {runs} runs.",
        "The goals are 100 for accessibility, and at least 95 for best practices and for performance.",
        "Rerun: `bin/bench lighthouse` (needs node and npm).\n",
        "| page | device | accessibility | best practices | performance | largest paint, s | layout shift |",
        "| --- | --- | --- | --- | --- | --- | --- |",
    ]
    faults = []
    for (name, form), reports in found.items():
        scores = [f"{_scores(reports, category):.0f}" for category in GOALS]
        audits = reports[0]["audits"]
        paint = audits["largest-contentful-paint"]["numericValue"] / 1000
        shift = audits["cumulative-layout-shift"]["numericValue"]
        lines.append(f"| {name} | {form} | {' | '.join(scores)} | {paint:.1f} | {shift:.3f} |")
        faults += [f"- {name}, {form}: {fault}" for fault in _faults(reports)]
    told = ["\nIt found:\n", *faults] if faults else ["\nIt found nothing to fix."]
    return "\n".join([*lines, *told]) + "\n"


if __name__ == "__main__":
    main()
