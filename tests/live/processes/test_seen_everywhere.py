"""What is changed through one process is seen by every other within a second, on both databases.

Three web processes and two workers. A replaced key is used by the next request of each of them.
"""

import time

import pytest

from app import create_app
from core.accounts import memberships, workspaces
from core.accounts.actor import OPERATOR
from core.accounts.models import Membership
from core.accounts.roles import Role
from core.bots import visitors
from core.db import db, session
from core.keys import store
from tests import marker
from tests.bot_client import make_bot, make_key
from tests.databases import running_postgres
from tests.live.children import Child
from tests.live.lines import one_to_each
from tests.live.member import Member
from tests.live.product import LINES, LiveProduct
from tests.people import make_cast
from tests.providers import LoopbackProvider

pytestmark = pytest.mark.xdist_group("products")

MODEL = "anthropic:claude-haiku-4-5"
OLD, NEW = marker.anthropic_key("oLd1"), marker.anthropic_key("nEw2")
PROCESSES = 3
WITHIN_SECONDS = 1.0


@pytest.fixture(scope="module", params=["sqlite", "postgres"])
def many(request, tmp_path_factory):
    """The product in three web processes and two workers, with the address of its provider."""
    folder = tmp_path_factory.mktemp(f"many-{request.param}")
    with LoopbackProvider() as provider:
        provider.accept(OLD, NEW)
        if request.param == "sqlite":
            yield from _running(folder, provider)
        else:
            with running_postgres() as postgres:
                yield from _running(folder, provider, database_url=postgres.url)


def _running(folder, provider, **variables):
    with LiveProduct(
        folder,
        ("web", "checks"),
        web_processes=PROCESSES,
        anthropic_base_url=provider.anthropic_base_url,
        openai_base_url=provider.openai_base_url,
        mini_base_url=provider.openai_base_url,
        **variables,
    ) as product:
        second = Child(LINES["checks"], product.environ, folder / "logs" / "checks-2.log")
        app = create_app(product.settings)
        try:
            with app.app_context():
                yield product, provider
                db.session.remove()
                db.engine.dispose()
        finally:
            second.stop()


def test_every_change_is_seen_by_every_process_within_a_second(many):
    product, provider = many
    cast = make_cast()
    slug, path = cast.workspace.slug, f"/w/{cast.workspace.slug}/provider-keys"
    owner, billing = Member(product, cast.owner.email), Member(product, cast.billing.email)
    make_key(cast.workspace, secret=OLD)
    bot = make_bot(cast.workspace, MODEL)
    secret_key = product.settings.secret_key.get_secret_value()

    with one_to_each(product, PROCESSES) as lines:

        def bots() -> set[int]:
            """Asks the bot through each process, each in a conversation of its own."""
            return {
                line.ask_bot(bot.id, visitors.open_conversation(bot, secret_key)[1], "Hello")[0]
                for line in lines
            }

        def pages(member: Member, page: str) -> set[int]:
            return {line.get(page, member.cookie) for line in lines}

        def seen(statuses, *expected) -> None:
            """Every process says so, and the first look that all agree in comes within a second."""
            began = time.monotonic()
            while statuses() != set(expected):
                assert time.monotonic() - began < WITHIN_SECONDS, (statuses(), expected)

        assert bots() == {200}

        # A replaced key, by the next request of every process
        state, page = owner.outcome(owner.post(f"{path}/anthropic/replacement", {"secret": NEW}))
        assert state == "saved", page
        before = len(provider.chats)
        assert bots() == {200}
        assert {call.key for call in provider.chats[before:]} == {NEW}

        # Disabled, and enabled again
        owner.post(f"{path}/anthropic/disablement")
        request_count = len(provider.chats)
        seen(bots, 503)
        owner.post(f"{path}/anthropic/enablement")
        assert len(provider.chats) == request_count
        seen(bots, 200)

        # A role
        seen(lambda: pages(billing, f"{path}/new"), 200)
        member_row = _membership(cast.workspace, cast.billing)
        memberships.change_role(member_row, Role.MEMBER, OPERATOR)
        seen(lambda: pages(billing, f"{path}/new"), 403)
        memberships.remove(_membership(cast.workspace, cast.billing), OPERATOR)
        seen(lambda: pages(billing, path), 404)

        # A plan
        workspaces.set_plan(workspaces.by_slug(slug), "free", OPERATOR)
        seen(bots, 503)
        workspaces.set_plan(_fresh(slug), "scale", OPERATOR)
        seen(bots, 200)

        # Deleted
        owner.post(f"{path}/anthropic/deletion")
        assert store.find(cast.workspace.id, "anthropic") is None
        seen(bots, 503)


def _membership(workspace, person) -> Membership:
    session().commit()
    return workspaces.membership(person.id, workspace.slug)


def _fresh(slug: str):
    session().commit()
    session().expire_all()
    return workspaces.by_slug(slug)
