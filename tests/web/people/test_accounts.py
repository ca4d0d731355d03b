"""Signing up, in and out in a browser, and the operator's command line."""

import time
from datetime import timedelta

import pytest
from pydantic import SecretStr

from app import create_app
from core import queue
from core.accounts import people, sign_ins, workspaces
from core.accounts.actor import OPERATOR
from core.accounts.models import SignIn
from core.bots import bots
from core.db import session
from core.errors import SettingsError
from core.keys import store
from tests import marker
from tests.browser import Browser, IsolatedClient
from tests.conftest import make_settings
from tests.people import PASSWORD, make_person
from tests.providers import Reply
from web.people.sessions import TolerantSigner

ANN = {"name": "Ann", "email": "ann@example.com", "password": PASSWORD}


@pytest.fixture
def another(app, chosen):
    """`another(sign_in_limit="3 per minute")`: the same deployment with a setting changed."""

    def make(**values):
        made = create_app(chosen.model_copy(update=values))
        made.testing = True
        made.test_client_class = IsolatedClient
        return made

    yield make
    queue.configure(chosen.redis_address)


def sign_in(browser: Browser, password: str = PASSWORD, email: str = "ann@example.com"):
    return browser.post("/sign-in", {"email": email, "password": password})


def test_the_first_visit_leads_to_signing_up_and_later_ones_to_signing_in(app):
    browser = Browser(app)
    assert browser.get("/").location == "/sign-up"
    signed_up = browser.post("/sign-up", ANN)
    assert signed_up.location == "/"
    assert browser.get("/").location == "/w/anns-workspace"
    page = browser.get("/w/anns-workspace/audit-log").text
    assert "<b>Ann</b> created this workspace on the Personal plan" in " ".join(page.split())
    assert "127.0.0.1" in page
    assert Browser(app).get("/").location == "/sign-in"


@pytest.mark.parametrize(
    ("field", "text", "says"),
    [
        ("email", "", "Enter your email address"),
        ("email", "ann", "isn’t valid"),
        ("email", "ann@example.com", "already an account"),
        ("email", "x" * 300 + "@example.com", "longer than 254"),
        ("password", "", "Enter your password"),
        ("password", "x" * 11, "12 to 200"),
        ("password", "x" * 201, "12 to 200"),
        ("name", "x" * 101, "longer than 100"),
    ],
)
def test_what_cannot_be_used_comes_back_beside_its_field(app, field, text, says):
    make_person("ann")
    form = {"name": "Bob", "email": "bob@example.com", "password": PASSWORD} | {field: text}
    page = Browser(app).post("/sign-up", form)
    assert page.status_code == 422
    assert f'id="{field}-error"' in page.text
    assert says in page.text
    assert PASSWORD not in page.text


def test_a_wrong_password_says_no_more_than_that(app):
    make_person("ann")
    wrong = sign_in(Browser(app), "wrong password")
    unknown = sign_in(Browser(app), email="nobody@example.com")
    for page in (wrong, unknown):
        assert page.status_code == 422
        assert "Wrong email or password" in page.text


def test_the_cookie_is_out_of_reach_of_scripts_and_other_sites(app):
    make_person("ann")
    cookie = sign_in(Browser(app)).headers["Set-Cookie"]
    assert "HttpOnly" in cookie
    assert "SameSite=Lax" in cookie
    assert "Path=/" in cookie
    assert "Expires=" in cookie


@pytest.mark.parametrize(("mode", "renewed"), [("navigate", True), ("cors", False), (None, True)])
def test_pages_renew_the_cookie_and_what_a_script_fetches_leaves_it_alone(app, mode, renewed):
    make_person("ann")
    browser = Browser(app)
    sign_in(browser)
    browser.get("/account")
    headers = {"Sec-Fetch-Mode": mode} if mode else {}
    again = browser.client.get("/account", headers=headers)
    assert again.status_code == 200 and bool(again.headers.get("Set-Cookie")) == renewed


@pytest.mark.parametrize(
    ("values", "secure"),
    [({}, False), ({"public_url": "https://chat.example"}, True), ({"environment": "production"}, True)],
)  # fmt: skip
def test_behind_https_cookies_travel_over_https_only(another, values, secure):
    browser = another(**values).test_client()
    page = browser.get("/sign-in", base_url="https://localhost")
    assert ("Secure" in page.headers["Set-Cookie"]) == secure


def test_signing_out_ends_the_sign_in_for_every_copy_of_the_cookie(app):
    make_person("ann")
    browser, thief = Browser(app), Browser(app)
    sign_in(browser)
    thief.client.set_cookie("mevichat", browser.client.get_cookie("mevichat").value)
    assert thief.get("/workspaces/new").status_code == 200
    page = browser.post("/sign-out", follow_redirects=True)
    assert "You’ve signed out" in page.text
    for stale in (browser, thief):
        assert stale.get("/workspaces/new").location.startswith("/sign-in")


def test_a_session_from_before_the_sign_in_is_worth_nothing_after_it(app):
    """Session fixation: whoever planted a cookie does not become the person who signs in on it."""
    make_person("ann")
    attacker, victim = Browser(app), Browser(app)
    attacker.csrf_token()
    planted = attacker.client.get_cookie("mevichat").value
    victim.client.set_cookie("mevichat", planted)
    sign_in(victim)
    assert victim.client.get_cookie("mevichat").value != planted
    assert attacker.get("/workspaces/new").status_code == 303


def test_each_sign_in_has_a_token_of_its_own_and_ends_the_browsers_last_one(app):
    make_person("ann")
    browser, phone = Browser(app), Browser(app)
    sign_in(browser)
    sign_in(phone)
    old = Browser(app)
    old.client.set_cookie("mevichat", browser.client.get_cookie("mevichat").value)
    sign_in(browser)
    assert len({row.token_digest for row in session().query(SignIn)}) == 3
    assert browser.get("/workspaces/new").status_code == 200
    assert phone.get("/workspaces/new").status_code == 200
    assert old.get("/workspaces/new").status_code == 303


def test_a_csrf_token_from_before_the_sign_in_is_refused_after_it(app):
    make_person("ann")
    browser = Browser(app)
    before = browser.csrf_token()
    sign_in(browser)
    answer = browser.client.post("/sign-out", data={"csrf_token": before})
    assert answer.status_code == 400


@pytest.mark.parametrize(
    ("after", "in_"),
    [(sign_ins.IDLE - timedelta(minutes=1), True), (sign_ins.IDLE + timedelta(minutes=1), False)],
)
def test_a_browser_that_was_away_too_long_signs_in_again(app, shift_clock, after, in_):
    make_person("ann")
    browser = Browser(app)
    sign_in(browser)
    shift_clock(after)
    assert (browser.get("/workspaces/new").status_code == 200) == in_


def test_a_forged_cookie_is_nobody(app, another):
    make_person("ann")
    stranger = Browser(another(secret_key=SecretStr("another secret key of 32 characters!")))
    sign_in(stranger)
    browser = Browser(app)
    browser.client.set_cookie("mevichat", stranger.client.get_cookie("mevichat").value)
    assert browser.get("/workspaces/new").status_code == 303


def test_too_many_tries_are_refused_and_say_how_long_to_wait(app, another):
    make_person("ann")
    limited = another(sign_in_limit="3 per minute")
    browser = Browser(limited)
    for _ in range(3):
        assert sign_in(browser, "wrong password").status_code == 422
    refused = sign_in(browser)
    assert refused.status_code == 429
    assert "Try again in a minute" in refused.text
    assert 0 < int(refused.headers["Retry-After"]) <= 60
    assert browser.get("/sign-in").status_code == 200
    elsewhere = {"REMOTE_ADDR": "192.0.2.7"}
    assert sign_in_from(limited, elsewhere).status_code == 303


def sign_in_from(app, environ):
    browser = Browser(app)
    form = {"email": "ann@example.com", "password": PASSWORD, "csrf_token": browser.csrf_token()}
    return browser.client.post("/sign-in", data=form, environ_overrides=environ)


def test_a_visitor_cannot_invent_an_address_to_try_from(app, another):
    make_person("ann")
    limited = another(sign_in_limit="1 per minute")
    for number, status in ((1, 303), (2, 429)):
        faked = {"HTTP_X_FORWARDED_FOR": f"192.0.2.{number}"}
        assert sign_in_from(limited, faked).status_code == status


def test_signing_up_is_limited_too(another):
    browser = Browser(another(sign_in_limit="1 per minute"))
    assert browser.post("/sign-up", {"email": "ann"}).status_code == 422
    assert browser.post("/sign-up", {"email": "ann"}).status_code == 429


def test_tries_are_limited_without_redis_too(app, another):
    make_person("ann")
    browser = Browser(
        another(sign_in_limit="2 per minute", redis_url=SecretStr("redis://127.0.0.1:1/0"))
    )
    statuses = [sign_in(browser, "wrong password").status_code for _ in range(3)]
    assert statuses == [422, 422, 429]


@pytest.mark.parametrize("limit", ["lots", "3", "3 per fortnight"])
def test_a_limit_that_is_none_stops_the_start(data_dir, limit):
    with pytest.raises(SettingsError, match="SIGN_IN_LIMIT cannot be used"):
        make_settings(data_dir, sign_in_limit=limit)


def test_closed_sign_up_leaves_it_to_the_operator(app, another):
    closed = another(open_sign_up=False)
    browser = Browser(closed)
    for answer in (browser.get("/sign-up"), browser.post("/sign-up", ANN)):
        assert answer.status_code == 403
        assert "Ask your administrator" in answer.text
    assert people.find("ann@example.com") is None
    make_person("ann")
    assert sign_in(Browser(closed)).status_code == 303


# The operator's command line


@pytest.fixture
def flask(app):
    """`flask("people", "create", …, typed="…")`: what `bin/flask` would do."""
    runner = app.test_cli_runner()
    return lambda *words, typed="": runner.invoke(args=list(words), input=typed)


def fails(result, says: str) -> None:
    """One sentence on standard error, exit code 1, nothing on standard output."""
    assert result.exit_code == 1, result.output
    assert result.stdout == ""
    assert result.stderr.startswith("Error: ")
    assert says in result.stderr
    assert result.stderr.strip().count("\n") == 0
    assert "Traceback" not in result.output


def test_people_create_reads_the_password_and_prints_the_id(app, flask):
    made = flask("people", "create", "ann@example.com", "--name", "Ann", typed=f"{PASSWORD}\r\n")
    assert made.exit_code == 0
    assert made.stdout == f"{people.find('ann@example.com').id}\n"
    assert people.authenticate("ann@example.com", PASSWORD).name == "Ann"
    fails(flask("people", "create", "ann@example.com", typed=PASSWORD), "already an account")
    fails(flask("people", "create", "bob@example.com", typed="short"), "12 to 200 characters")
    fails(flask("people", "create", "bob@example.com", typed=""), "12 to 200 characters")
    fails(flask("people", "create", "bob", typed=PASSWORD), "isn’t valid")


def test_workspaces_create_and_set_plan(app, flask):
    make_person("ann")
    made = flask("workspaces", "create", "Acme", "--owner", "ann@example.com")
    assert (made.exit_code, made.stdout) == (0, "acme\n")
    assert flask("workspaces", "set-plan", "acme", "Scale").exit_code == 0
    session().expire_all()
    assert workspaces.by_slug("acme").plan.name == "Scale"
    fails(
        flask("workspaces", "create", "Acme", "--owner", "bob@example.com"), "flask people create"
    )
    fails(flask("workspaces", "create", " ", "--owner", "ann@example.com"), "1 to 80 characters")
    fails(flask("workspaces", "set-plan", "nothing", "pro"), "There’s no workspace “nothing”")
    fails(flask("workspaces", "set-plan", "acme", "gold"), "The plans are")
    fails(flask("workspaces", "set-plan", "acme", "personal"), "plan is for")


def test_keys_add_checks_before_it_stores_and_replaces(app, cast, provider, flask):
    key = marker.anthropic_key()
    made = flask("keys", "add", "acme", "anthropic", typed=f'"Bearer {key}"\n')
    assert made.exit_code == 0
    stored = store.get(cast.workspace.id, "anthropic")
    assert made.stdout == f"{stored.id}\n"
    assert flask("keys", "add", "acme", "anthropic", typed=key).exit_code == 0
    session().expire_all()
    assert store.get(cast.workspace.id, "anthropic").version == 2
    fails(flask("keys", "add", "acme", "nothing", typed=key), "There’s no provider “nothing”")
    fails(flask("keys", "add", "acme", "openai", typed=key), "looks like a key from Anthropic")
    fails(flask("keys", "add", "acme", "anthropic", typed=""), "Paste a key from Anthropic")


def test_keys_add_tells_the_providers_words_and_never_the_key(app, cast, provider, flask):
    wrong = marker.openai_key("wrng")
    provider.next(Reply.echoing_key())
    refused = flask("keys", "add", "acme", "openai", typed=wrong)
    fails(refused, "The key wasn’t saved. OpenAI said: Incorrect API key provided: [key]")
    assert marker.MARKER not in refused.output
    assert store.find(cast.workspace.id, "openai") is None
    workspaces.set_plan(cast.workspace, "free", OPERATOR)
    fails(flask("keys", "add", "acme", "openai", typed=wrong), "doesn’t include provider keys")


def test_bots_create_prints_the_id(app, cast, flask):
    origins = ("--origin", "https://a.example", "--origin", "https://b.example")
    made = flask("bots", "create", "acme", "--name", "Support", "--model", "gpt-5-mini", *origins)
    assert made.exit_code == 0
    bot = bots.get(cast.workspace.id, made.stdout.strip())
    assert (bot.name, bot.model_id) == ("Support", "openai:gpt-5-mini")
    assert bot.allowed_origins == ["https://a.example", "https://b.example"]
    for words, says in (
        (("nothing", "--name", "x"), "There’s no workspace"),
        (("acme", "--name", " "), "The name can have"),
        (("acme", "--name", "x", "--model", "gpt-99"), "There is no model “gpt-99”"),
        (("acme", "--name", "x", "--model", "gpt-5"), "isn’t included in the Pro plan"),
        (("acme", "--name", "x", "--origin", "a.example"), "is not a site address"),
    ):
        fails(flask("bots", "create", *words), says)


def test_seed_fills_a_workspace_that_can_be_looked_at(app, flask):
    made = flask("seed", "--email", "demo@example.com")
    assert made.exit_code == 0, made.output
    password = made.stdout.splitlines()[0].rpartition(" ")[2]
    browser = Browser(app)
    assert sign_in(browser, password, "demo@example.com").status_code == 303
    assert browser.get("/w/norre-lamps").status_code == 200
    assert browser.get("/w/norre-lamps/conversations").status_code == 200
    fails(flask("seed", "--email", "demo@example.com"), "already an account")


# A clock that is set back


@pytest.mark.parametrize(("hours", "stays"), [(0.001, True), (1, True), (23, True), (25, False)])
def test_a_clock_set_back_by_less_than_a_day_signs_nobody_out(app, monkeypatch, hours, stays):
    browser, ahead = Browser(app), round(hours * 3_600) + 1
    with monkeypatch.context() as early:
        early.setattr(TolerantSigner, "get_timestamp", lambda _: int(time.time()) + ahead)
        browser.post("/sign-up", ANN)
    assert (browser.get("/").location == "/w/anns-workspace") is stays


def test_a_cookie_older_than_its_30_days_is_none(app, monkeypatch):
    browser = Browser(app)
    with monkeypatch.context() as early:
        early.setattr(TolerantSigner, "get_timestamp", lambda _: int(time.time()) - 31 * 86_400)
        browser.post("/sign-up", ANN)
    assert browser.get("/").location == "/sign-in"
