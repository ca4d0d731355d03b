"""How often a page asks the database: at most twelve times, however many bots and conversations there are."""

import pytest

from tests.bot_client import make_bot
from tests.many import fill
from tests.people import make_member
from tests.queries import Queries
from tests.routes import routes, set_stage

MOST = 12


@pytest.fixture
def browsers(app, cast, signed_in):
    """Of an owner and a member of a workspace with twenty bots, many talks and people."""
    models = ("mevichat:mini", "anthropic:claude-haiku-4-5", "openai:gpt-5-mini")
    made = [
        make_bot(cast.workspace, models[number % 3], name=f"Bot {number}") for number in range(20)
    ]
    fill(cast.workspace, made, 200)
    for number in range(10):
        make_member(cast.workspace, f"person{number}")
    return {who: signed_in(who) for who in ("owner", "member")}


@pytest.fixture
def stage(app, cast, browsers):
    """In it, one of everything that has an address."""
    return set_stage(app, cast.workspace)


@pytest.mark.parametrize("who", ["owner", "member"])
def test_no_page_asks_more_than_twelve_times(app, browsers, stage, who):
    browser, over = browsers[who], {}
    for route in routes(app):
        if route.method != "GET":
            continue
        with Queries() as queries:
            answer = browser.client.get(route.url(stage.values))
            assert answer.data is not None
        if len(queries.sent) > MOST:
            over[route.endpoint] = [len(queries.sent), *(text[-90:] for text in queries.sent)]
    assert not over, "\n".join(f"{name}: {message}" for name, message in over.items())


def test_the_counter_counts(browsers):
    browser = browsers["owner"]
    with Queries() as queries:
        browser.client.get("/w/acme/conversations")
    assert 5 < len(queries.sent) <= MOST
