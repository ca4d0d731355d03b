"""Whether searches stay fast in a large index, and stall no stream: `bin/bench search_load`.

100,000 chunks in 20 bots on SQLite. Searches inside one bot after another, timed; then again while 300
streams in the same gevent process each say something every 100 ms: the largest gap that one shows is
what a visitor sees of a search.
"""

# ruff: noqa: E402  (gevent's patch comes before every other import)
from gevent import monkey

monkey.patch_all()

import argparse
import gc
import random
import statistics
import tempfile
import time
from pathlib import Path

import gevent

from benchmarks.retrieval import a_workspace, application, with_chunks
from core.db import work_context
from core.knowledge import search
from core.knowledge.chunking import Piece

RESULT = Path(__file__).with_suffix(".md")
BOTS, CHUNKS, SEARCHES = 20, 100_000, 200
STREAMS, PACE_SECONDS = 300, 0.1
GOAL_MS = 40
WORDS = [f"word{number:04d}" for number in range(8_000)]


def main() -> None:
    parser = argparse.ArgumentParser(prog="bin/bench search_load", description=main.__doc__)
    parser.add_argument("--chunks", type=int, default=CHUNKS)
    chunks = parser.parse_args().chunks
    with tempfile.TemporaryDirectory() as folder, application(f"sqlite:///{folder}/b.db", folder):
        bot_ids = _filled(chunks)
        gc.freeze()  # what filling left is no part of a running process
        alone = [_timed(bot_ids, chance) for chance in _chances(SEARCHES)]
        idle = _largest_gap(lambda: gevent.sleep(5))
        beside: list[float] = []
        busy = _largest_gap(
            lambda: beside.extend(_timed(bot_ids, chance) for chance in _chances(SEARCHES))
        )
    text = _table(chunks, alone, beside, idle, busy)
    if chunks == CHUNKS:
        RESULT.write_text(text)
    print(text)


def _filled(chunks: int) -> list[str]:
    """Bots that know texts of 160 words, of which a few are common and most are rare, as in language."""
    chance, workspace = random.Random(1), a_workspace()
    weights = [1 / (rank + 3) for rank in range(len(WORDS))]
    return [
        with_chunks(
            workspace,
            f"Bot {number}",
            [
                Piece(" ".join(chance.choices(WORDS, weights, k=4)), "Manual",
                      " ".join(chance.choices(WORDS, weights, k=160)))
                for _ in range(chunks // BOTS)
            ],
        )
        for number in range(BOTS)
    ]  # fmt: skip


def _chances(count: int) -> list[random.Random]:
    return [random.Random(seed) for seed in range(count)]


def _timed(bot_ids: list[str], chance: random.Random) -> float:
    """Milliseconds of one search for six words, common and rare."""
    weights = [1 / (rank + 3) for rank in range(len(WORDS))]
    question = " ".join(chance.choices(WORDS, weights, k=6))
    with work_context():
        started = time.perf_counter()
        assert search.find(chance.choice(bot_ids), question)
        return (time.perf_counter() - started) * 1000


def _largest_gap(work) -> float:
    """Milliseconds by which a paced stream was late at most, while the work was done."""
    over, late = [], []

    def stream() -> None:
        while not over:
            due = time.perf_counter() + PACE_SECONDS
            gevent.sleep(PACE_SECONDS)
            late.append((time.perf_counter() - due) * 1000)

    streams = [
        gevent.spawn_later(number * PACE_SECONDS / STREAMS, stream) for number in range(STREAMS)
    ]
    gevent.sleep(2 * PACE_SECONDS)
    work()
    over.append(True)
    gevent.joinall(streams)
    return max(late)


def _table(chunks: int, alone: list[float], beside: list[float], idle: float, busy: float) -> str:
    lines = [
        "# Searches in a large index\n",
        f"{chunks:,} chunks in {BOTS} bots on SQLite, on two cores; {SEARCHES} searches for six words,",
        f"each inside one bot. At the same time, {STREAMS} streams in the same gevent process, each with an",
        f"event every {PACE_SECONDS * 1000:.0f} ms. The goal is p95 ≤ {GOAL_MS} ms.",
        "Rerun: `bin/bench search_load`\n",
        "| | p50 ms | p95 ms | longest delay of a stream, ms |",
        "| --- | --- | --- | --- |",
    ]
    for name, times, gap in (
        ("no search", [], idle),
        ("alone", alone, None),
        ("beside streams", beside, busy),
    ):
        numbers = [f"{_quantile(times, share):.1f}" if times else "" for share in (50, 95)]
        lines.append(
            f"| {name} | {numbers[0]} | {numbers[1]} | {'' if gap is None else f'{gap:.1f}'} |"
        )
    return "\n".join(lines) + "\n"


def _quantile(values: list[float], share: int) -> float:
    return statistics.quantiles(values, n=100, method="inclusive")[share - 1]


if __name__ == "__main__":
    main()
