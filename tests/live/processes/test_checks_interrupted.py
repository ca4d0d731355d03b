"""A check is interrupted in its middle: its page ends in a clear state, and nothing is half-stored.

It mostly waits, so it forms a group of its own that runs beside the others. What waits for a whole minute comes
with `--soak`.
"""

import time

import pytest

from app import create_app
from core.accounts import audit
from core.accounts.models import Workspace
from core.db import db, session
from core.ids import new_id
from core.keys import store
from tests import marker
from tests.bot_client import make_key
from tests.live.children import (
    kill_job,
    kill_redis,
    kill_worker,
    kill_worker_and_job,
    until,
)
from tests.live.member import Member
from tests.live.product import LiveProduct
from tests.people import make_person, make_workspace
from tests.providers import LoopbackProvider, Reply

pytestmark = [pytest.mark.xdist_group("interrupted"), pytest.mark.timeout(240)]

GOOD = marker.anthropic_key()
PAGE_SECONDS = 90
ENDED = {"saved", "passed", "failed", "unchecked", "lost"}


@pytest.fixture(scope="module")
def loopback():
    with LoopbackProvider() as provider:
        yield provider


@pytest.fixture(scope="module")
def product(tmp_path_factory, loopback):
    """One worker takes the checks, so that to kill it is to kill all there is."""
    folder = tmp_path_factory.mktemp("interrupted")
    variables = {
        "anthropic_base_url": loopback.anthropic_base_url,
        "mini_base_url": loopback.openai_base_url,
        "web_processes": 1,
    }
    with LiveProduct(folder, ("web", "checks"), **variables) as running:
        app = create_app(running.settings)
        with app.app_context():
            yield running
            db.session.remove()
            db.engine.dispose()


@pytest.fixture
def workspace(product) -> Workspace:
    return make_workspace(make_person(new_id("psn").lower()), "Acme", "pro")


@pytest.fixture
def member(product, workspace) -> Member:
    from core.accounts import workspaces

    return Member(product, workspaces.members(workspace.id)[0].person.email)


@pytest.fixture
def provider(loopback):
    """Says nothing to the first question, and answers those after it."""
    loopback.reset()
    loopback.accept(GOOD)
    loopback.next(Reply.answer().slowly(first_byte_seconds=300))
    return loopback


class Started:
    """A check in its middle: the provider was asked, and says nothing yet."""

    def __init__(self, product, member, workspace, provider, path, form=None) -> None:
        self.began = time.monotonic()
        self._member, self._workspace, self._provider = member, workspace, provider
        self._page = member.post(f"/w/{workspace.slug}/provider-keys{path}", form)
        until(lambda: provider.chats, 30, "the question to the provider")

    def state(self) -> str:
        """How its page ends, looked at for as long as a page waits."""
        left = PAGE_SECONDS + 5 - (time.monotonic() - self.began)
        state, _ = self._member.outcome(self._page, left)
        assert time.monotonic() - self.began <= PAGE_SECONDS + 5
        assert state in ENDED
        return state

    def lines(self) -> list[str]:
        session().commit()
        return [line.action for line in audit.lines_of(self._workspace.id, action="key")]


@pytest.fixture
def saving(product, member, workspace, provider) -> Started:
    form = {"provider": "anthropic", "secret": GOOD}
    return Started(product, member, workspace, provider, "", form)


@pytest.fixture
def testing(product, member, workspace, provider) -> Started:
    make_key(workspace)
    return Started(product, member, workspace, provider, "/anthropic/checks")


INTERRUPTIONS = {
    "the job's process": kill_job,
    "its worker": kill_worker,
    "both": kill_worker_and_job,
    "Redis": kill_redis,
}
WITH_SOAK = ("both",)


@pytest.mark.parametrize("what", INTERRUPTIONS)
def test_a_paste_whose_check_is_interrupted_is_stored_once_or_not_at_all(request, what):
    if what in WITH_SOAK and not request.config.getoption("--soak"):
        pytest.skip("with --soak")
    names = ("product", "workspace", "provider", "saving")
    product, workspace, provider, saving = (request.getfixturevalue(name) for name in names)
    INTERRUPTIONS[what](product, "checks")
    state = saving.state()
    settle(product)
    key = store.find(workspace.id, "anthropic")
    assert (key is not None) == (state == "saved")
    assert saving.lines() == (["key.added"] if key else [])
    assert key is None or key.version == 1
    assert len(provider.chats) <= 2
    assert not product.redis.keys("candidate:*")


@pytest.mark.parametrize("what", ["the job's process"])
def test_a_test_that_is_interrupted_leaves_one_line_and_the_key(
    product, workspace, provider, testing, what
):
    INTERRUPTIONS[what](product, "checks")
    assert testing.state() in ("passed", "lost")
    settle(product)
    assert testing.lines() == ["key.tested", "key.added"]
    assert store.get(workspace.id, "anthropic").status == "valid"
    assert len(provider.chats) <= 2


def test_a_provider_that_never_answers_ends_the_page_in_time(product, workspace, provider, saving):
    assert saving.state() == "unchecked"
    assert store.find(workspace.id, "anthropic") is None
    assert saving.lines() == []
    assert len(provider.chats) == 1
    assert not product.redis.keys("candidate:*")


def settle(product) -> None:
    """Whatever was queued again has run: nothing is to be stored after the page has ended."""
    until(lambda: not product.redis.llen("rq:queue:checks"), 30, "an empty queue")
    time.sleep(1)
    session().commit()
    session().expire_all()
