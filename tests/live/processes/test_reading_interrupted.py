"""A source is being read again when its worker, or Redis, dies: it ends whole, and answers meanwhile.

It mostly waits, so it forms a group of its own that runs beside the others. Three of the four ways to die wait
for a minute of silence: they come with `--soak`.
"""

import pytest
from sqlalchemy import func, select

from app import create_app
from core.accounts.actor import OPERATOR
from core.db import db, session
from core.ids import new_id
from core.knowledge import search, sources
from core.knowledge.models import READY, Chunk
from tests.bot_client import make_bot
from tests.live.children import (
    kill_job,
    kill_redis,
    kill_worker,
    kill_worker_and_job,
    until,
)
from tests.live.product import LiveProduct
from tests.people import make_person, make_workspace
from tests.site import Says, Site

pytestmark = [pytest.mark.xdist_group("reading"), pytest.mark.timeout(300)]

PARTS = 9_000
"""Enough that they are written for several seconds."""
OLD = Says.page("Lamps", "The first edition knows the Norre.")
NEW = Says(
    b"<h1>Lamps</h1>"
    + b"".join(
        b"<h2>Part %d</h2><p>The second edition, part %d.</p>" % (n, n) for n in range(PARTS)
    )
)
TAKEN_UP_SECONDS = 150
"""A minute of silence, one of the schedule's rounds, the reading; on a machine with other work."""


@pytest.fixture(scope="module")
def site():
    with Site() as running:
        yield running


@pytest.fixture(scope="module")
def product(tmp_path_factory, site):
    folder = tmp_path_factory.mktemp("reading")
    variables = {"web_processes": 1, "private_pages": site.host}
    with LiveProduct(folder, ("web", "knowledge", "schedule"), **variables) as running:
        app = create_app(running.settings)
        with app.app_context():
            yield running
            db.session.remove()
            db.engine.dispose()


@pytest.fixture
def source(product, site):
    """Known in its first edition, and half read in its second."""
    workspace = make_workspace(make_person(new_id("psn").lower()), "Acme", "pro")
    bot = make_bot(workspace)
    site.pages["/lamps"] = OLD
    read = sources.add_page(workspace, bot.id, f"{site.url}/lamps", OPERATOR)
    until(lambda: now(read).status == READY, 60, "the first edition")
    site.pages["/lamps"] = NEW
    sources.reindex(now(read), OPERATOR)
    until(lambda: count(read, Chunk.position < -1) > 500, 60, "some of the second edition")
    return now(read)


def now(source):
    session().rollback()
    return sources.get(source.workspace_id, source.id)


def count(source, *which) -> int:
    session().rollback()
    return session().scalar(
        select(func.count(Chunk.id)).where(Chunk.source_id == source.id, *which)
    )


def editions(source) -> set[str]:
    session().rollback()
    found = search.find(source.bot_id, "edition")
    return {one.body.split()[1] for one in found}


INTERRUPTIONS = {
    "the job's process": (kill_job, {3}),
    "its worker and the job's process": (kill_worker_and_job, {3}),
    "its worker": (kill_worker, {2, 3}),
    "Redis": (kill_redis, {2, 3}),
}
"""How, and with which of its attempts it may end: the killed one is the second."""


WITH_SOAK = ("the job's process", "its worker", "its worker and the job's process")


@pytest.mark.slow
@pytest.mark.parametrize("what", INTERRUPTIONS)
def test_a_source_whose_reading_is_interrupted_ends_whole_and_answers_meanwhile(request, what):
    if what in WITH_SOAK and not request.config.getoption("--soak"):
        pytest.skip("with --soak")
    product, source = request.getfixturevalue("product"), request.getfixturevalue("source")
    interrupt, attempts = INTERRUPTIONS[what]
    interrupt(product, "knowledge")

    def is_ready() -> bool:
        found = editions(source)
        if now(source).status == READY:
            return True
        assert found == {"first"}
        return False

    until(is_ready, TAKEN_UP_SECONDS, "the second edition")
    assert now(source).attempt in attempts
    assert editions(source) == {"second"}
    until(lambda: not count(source, Chunk.position < 0), 60, "no rows of the first try")
    positions = select(Chunk.position).where(Chunk.source_id == source.id)
    assert sorted(session().scalars(positions)) == list(range(PARTS))
    assert now(source).chunks == PARTS
    bodies = select(func.count(func.distinct(Chunk.body))).where(Chunk.source_id == source.id)
    assert session().scalar(bodies) == PARTS
