"""Whether a question finds its answer: `bin/bench retrieval`.

The FAQs of Python and Debian ask 295 questions in their headings. Each is asked of a bot that knows its
answer without the heading: among nothing but the FAQs, among Python's whole library, and with headings
kept. Then 30 questions that neither answers, of which no more than three may find anything that fits.
Both databases, each by the production path: reading, chunking, indexing, `search.find`.
"""

import argparse
import re
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from flask_migrate import upgrade
from sqlalchemy import insert

from app import create_app
from core import configuration, db
from core.accounts import people, workspaces
from core.accounts.actor import OPERATOR
from core.bots import bots
from core.bots.bots import Draft
from core.db import transaction
from core.knowledge import chunking, search
from core.knowledge.models import READY, Chunk, Source
from core.knowledge.reading import Progress, Section, html
from tests.databases import running_postgres
from web.cli import migrations

RESULT = Path(__file__).with_suffix(".md")
PACKAGES = {
    "python3.11-doc": "/usr/share/doc/python3.11/html",
    "debian-faq": "/usr/share/doc/debian/FAQ",
}
PYTHON, DEBIAN = map(Path, PACKAGES.values())
LIBRARY = ("library", "howto", "tutorial")
GOALS = {"the FAQs alone": 0.75, "everything": 0.50, "everything, headings kept": 0.95}
MOST_FALSE = 3

UNANSWERABLE = """
What is your refund policy for damaged lamps?
How long does shipping to Norway take?
Can I bring my dog to the hotel?
What time does the swimming pool open on Sundays?
Which vaccines do I need for a trip to Kenya?
How do I bake sourdough bread without a Dutch oven?
What is the capital gains tax rate in Portugal?
Who won the football world cup in 1998?
Do you offer gluten-free pizza?
How much does a monthly gym membership cost?
Can I change the delivery address of my order?
What is the recommended dose of ibuprofen for a child?
Where can I park near the museum?
How often should I water a cactus?
Does the warranty cover a cracked phone screen?
How do I cancel my gym subscription?
What is the best season to visit Kyoto?
How many calories are in a banana?
Is breakfast included in the room price?
Which lens should I buy for portrait photography?
How do I reset the oil light on my car?
What was the weather like in Paris yesterday?
Can I pay my invoice with a gift card?
How tall is Mount Kilimanjaro?
What is the dress code for the opera?
Do you rent bicycles for children?
When does the next train to Vienna leave?
How do I remove red wine stains from a carpet?
Who painted the Girl with a Pearl Earring?
Can I get a discount on theatre tickets for students?
""".strip().splitlines()


@dataclass(frozen=True)
class Part:
    """A section of the documents; `question` is its heading where that asks one."""

    place: str
    is_faq: bool
    question: str
    section: Section


@dataclass(frozen=True)
class Row:
    """One measured bot. `kept` is recall where what does not fit counts as not found."""

    database: str
    knowledge: str
    chunks: int
    recall: dict[int, float]
    kept: float
    false: int
    milliseconds: float

    @property
    def reached(self) -> bool:
        return self.recall[5] >= GOALS[self.knowledge] and self.false <= MOST_FALSE


def main() -> None:
    parser = argparse.ArgumentParser(prog="bin/bench retrieval", description=main.__doc__)
    parser.add_argument("--database", choices=("sqlite", "postgresql"), help="only this one")
    chosen = parser.parse_args().database
    parts = documents()
    rows = [
        row
        for name, database in (("sqlite", _sqlite), ("postgresql", running_postgres_url))
        if chosen in (None, name)
        for row in _measured(name, database, parts)
    ]
    text = _table(rows, sum(bool(part.question) for part in parts))
    if chosen is None:
        RESULT.write_text(text)
    print(text)
    sys.exit(not all(row.reached for row in rows))


def documents() -> list[Part]:
    """Every section of the FAQs and of Python's library; installs the two packages if need be."""
    missing = [name for name, folder in PACKAGES.items() if not any(Path(folder).glob("*.html"))]
    if missing:
        subprocess.run(["apt-get", "-qq", "install", "-y", *missing], check=True)
    debian = [path for path in DEBIAN.glob("*.html") if not path.stem.endswith(".en")]
    faqs = [path for path in [*(PYTHON / "faq").glob("*.html"), *debian] if path.stem != "index"]
    rest = [path for folder in LIBRARY for path in (PYTHON / folder).glob("*.html")]
    return [
        part for paths, is_faq in ((faqs, True), (rest, False)) for path in sorted(paths)
        for part in _parts(path, is_faq)
    ]  # fmt: skip


def _parts(path: Path, is_faq: bool) -> Iterator[Part]:
    for number, section in enumerate(html.sections(path.read_bytes(), Progress())):
        heading = re.sub(r"^[\d.]+\s*", "", section.path[-1] if section.path else "")
        asks = is_faq and heading.rstrip().endswith("?")
        yield Part(f"{path}#{number}", is_faq, heading if asks else "", section)


@contextmanager
def _sqlite() -> Iterator[str]:
    with tempfile.TemporaryDirectory() as folder:
        yield f"sqlite:///{folder}/bench.db"


@contextmanager
def running_postgres_url() -> Iterator[str]:
    with running_postgres() as running:
        yield running.url


def _measured(name: str, database, parts: list[Part]) -> list[Row]:
    with database() as url, tempfile.TemporaryDirectory() as folder, application(url, folder):
        workspace = a_workspace()
        return [
            _row(name, "the FAQs alone", workspace, [part for part in parts if part.is_faq]),
            _row(name, "everything", workspace, parts),
            _row(name, "everything, headings kept", workspace, parts, keeps=True),
        ]


@contextmanager
def application(url: str, folder: str) -> Iterator[None]:
    """The product on an empty database; no Redis is asked for anything here."""
    environ = {"DATA_DIR": folder, "DATABASE_URL": url, "REDIS_URL": "redis://127.0.0.1:1"}
    app = create_app(configuration.read(environ | {"LOG_LEVEL": "error"}))
    migrations.prepare(app)
    with app.app_context():
        upgrade()
        yield
        db.db.session.remove()
        db.db.engine.dispose()


def a_workspace():
    owner = people.sign_up("bench@example.com", "a long enough password", "Bench")
    return workspaces.create_organization(owner, "Bench", OPERATOR)


def _row(name: str, knowledge: str, workspace, parts: list[Part], keeps: bool = False) -> Row:
    sections = [part.section if keeps else _without_heading(part) for part in parts]
    pieces = [
        chunking.Piece(piece.title, piece.path, piece.body, part.place)
        for part, section in zip(parts, sections, strict=True)
        for piece in chunking.pieces([section], "Documents")
    ]
    bot_id = with_chunks(workspace, knowledge, pieces)
    asked = [part for part in parts if part.question]
    started = time.perf_counter()
    found = [search.find(bot_id, part.question) for part in asked]
    milliseconds = (time.perf_counter() - started) * 1000 / len(asked)
    hits = {
        size: [
            part.place in [one.url for one in some[:size]]
            for part, some in zip(asked, found, strict=True)
        ]
        for size in (1, 5)
    }
    kept = [hit and search.is_relevant(some) for hit, some in zip(hits[5], found, strict=True)]
    false = [
        question for question in UNANSWERABLE if search.is_relevant(search.find(bot_id, question))
    ]
    recall = {size: sum(some) / len(asked) for size, some in hits.items()}
    print(name, knowledge, recall, "fits without an answer:", *false, sep="\n  ", file=sys.stderr)
    return Row(
        name, knowledge, len(pieces), recall, sum(kept) / len(asked), len(false), milliseconds
    )


def _without_heading(part: Part) -> Section:
    section = part.section
    return Section(section.path[:-1] if part.question else section.path, section.blocks)


def with_chunks(workspace, name: str, pieces: list[chunking.Piece]) -> str:
    """A bot that knows these, as an indexing would leave them."""
    bot = bots.create(workspace, Draft(name=name), OPERATOR)
    with transaction() as current:
        source = Source(workspace_id=workspace.id, bot_id=bot.id, kind="text", title="Documents")
        source.status, source.added_by = READY, "Bench"
        current.add(source)
        current.flush()
        shared = {"source_id": source.id, "bot_id": bot.id, "embedded_by": ""}
        rows = [
            shared | {"position": number, "title": piece.title, "path": piece.path}
            | {"body": piece.body, "url": piece.url}
            for number, piece in enumerate(pieces)
        ]  # fmt: skip
        current.execute(insert(Chunk), rows)
    return bot.id


def _table(rows: list[Row], questions: int) -> str:
    lines = [
        "# Do questions find their answers?\n",
        f"{questions} questions from the headings of Python's and Debian's FAQs; the sections are indexed",
        "without these headings unless stated otherwise. *Recall@5*: how many find their own section among",
        "the first five chunks; *kept*: and it passes the threshold, so that the bot would answer.",
        f"*False*: of {len(UNANSWERABLE)} questions without an answer, how many find something that passes.",
        "Rerun: `bin/bench retrieval`\n",
        "| database | knowledge | chunks | recall@1 | recall@5 | goal | kept | false | ms a search |",
        "| --- | --- | --- | --- | --- | --- | --- | --- | --- |",
    ]
    for row in rows:
        lines.append(
            f"| {row.database} | {row.knowledge} | {row.chunks:,} | {row.recall[1]:.3f} "
            f"| {row.recall[5]:.3f} | {GOALS[row.knowledge]:.2f} | {row.kept:.3f} | {row.false} "
            f"| {row.milliseconds:.1f} |"
        )
    return "\n".join(lines) + "\n"


if __name__ == "__main__":
    main()
