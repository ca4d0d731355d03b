"""Errors as pages: in the workspace's frame for its people, alone for everybody else and when we broke."""

import pytest
from sqlalchemy.exc import OperationalError

from app import create_app
from core import errors, queue
from tests.browser import Browser


def raising(app, error, endpoint="bots.index"):
    """That view fails so, after its guard has let somebody in."""
    from web.guards import requires

    def fail(_workspace):
        raise error

    app.testing = False
    app.view_functions[endpoint] = requires("bots.read")(fail)


@pytest.mark.parametrize(
    ("who", "path", "status", "way"),
    [
        ("member", "/w/acme/audit-log", 403, "/w/acme/people"),
        ("owner", "/w/acme/bots/bot_0", 404, "/w/acme/search"),
        ("member", "/w/acme/nothing-here", 404, "/w/acme/search"),
        ("owner", "/w/acme/bots/bot_0/enablement", 405, "/w/acme"),
    ],
)
def test_members_stay_in_their_workspace_and_are_shown_a_way_on(
    cast, signed_in, who, path, status, way
):
    page = signed_in(who).get(path)
    assert page.status_code == status
    assert 'aria-label="Workspace"' in page.text
    assert f'class="button primary" href="{way}"' in page.text
    assert f"Error {status}" in page.text


@pytest.mark.parametrize(
    ("error", "status", "title"),
    [
        (errors.Conflict("Somebody was faster."), 409, "Someone else changed this"),
        (errors.TooLarge("Too long."), 413, "Too large"),
        (errors.TooMany("Slower, please.", 5), 429, "Too many requests"),
        (errors.Invalid("Not so."), 422, "Invalid input"),
    ],
)
def test_every_cause_has_its_page_in_the_frame(app, cast, signed_in, error, status, title):
    raising(app, error)
    page = signed_in("owner").get("/w/acme/bots")
    assert page.status_code == status
    assert f"<h1>{title}</h1>" in page.text
    assert error.message in page.text
    assert 'aria-label="Workspace"' in page.text


def test_strangers_and_nobody_see_no_workspace_in_an_error(cast, signed_in):
    for browser in (signed_in("stranger"), signed_in("owner")):
        page = browser.get("/w/elsewhere-too/nothing-here")
        assert page.status_code == 404
        assert "Acme" not in page.text
    page = signed_in("stranger").get("/w/acme/nothing-here")
    assert page.status_code == 404
    assert "Acme" not in page.text
    assert 'href="/">Go to home page' in page.text


@pytest.mark.parametrize(
    ("error", "status"),
    [
        (RuntimeError("a secret that is in no page"), 500),
        (OperationalError("SELECT 1", {}, Exception("gone")), 503),
        (errors.Busy("Busy."), 503),
    ],
)
def test_what_is_our_fault_stands_alone_with_the_id_of_the_request(
    app, cast, signed_in, error, status
):
    raising(app, error)
    page = signed_in("owner").get("/w/acme/bots")
    assert page.status_code == status
    assert 'aria-label="Workspace"' not in page.text
    assert "request <code>req_" in page.text
    assert "secret" not in page.text


def test_an_error_that_cannot_be_drawn_in_the_frame_is_drawn_alone(app, cast, signed_in):
    owner = signed_in("owner")
    drawn = []

    def break_the_frame():
        drawn.append(True)
        raise RuntimeError("the banners cannot be read")

    app.template_context_processors[None].append(lambda: {"banners": break_the_frame})
    page = owner.get("/w/acme/bots/bot_0")
    assert drawn
    assert page.status_code == 404
    assert 'href="/">Go to home page' in page.text


def test_nobody_is_asked_to_sign_in_by_an_address_that_is_not_there(app):
    page = Browser(app).get("/w/acme/nothing-here")
    assert page.status_code == 404
    assert "Go to home page" in page.text


@pytest.mark.parametrize(
    ("public_url", "said"),
    [
        ("https://chat.example.com", "max-age=31536000"),
        ("http://chat.example.com", None),
        ("", None),
    ],
)
@pytest.mark.parametrize("path", ["/sign-in", "/nothing-here", "/healthz", "/static/favicon.svg"])
def test_browsers_keep_to_https_where_the_address_has_it(app, chosen, public_url, said, path):
    made = create_app(chosen.model_copy(update={"public_url": public_url}))
    queue.configure(chosen.redis_address)
    assert made.test_client().get(path).headers.get("Strict-Transport-Security") == said
