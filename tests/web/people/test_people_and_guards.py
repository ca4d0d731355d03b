"""Who may do what: every role at every address, as a page and as a piece; and nobody at others' things."""

from dataclasses import dataclass
from urllib.parse import urlsplit

import pytest

from core.accounts.roles import PERMISSIONS, Role
from core.bots import bots, visitors
from core.keys import store
from tests.bot_client import BotClient, make_bot
from tests.browser import Browser
from tests.people import EVERYONE
from tests.routes import Route, routes, set_stage

NEEDS = {
    ("account.change_password", "POST"): "signed_in",
    ("account.end_sign_ins", "POST"): "signed_in",
    ("account.rename", "POST"): "signed_in",
    ("account.show", "GET"): "signed_in",
    ("all_knowledge.index", "GET"): "bots.read",
    ("alerts.disable", "POST"): "alerts.manage",
    ("alerts.enable", "POST"): "alerts.manage",
    ("alerts.index", "GET"): "alerts.manage",
    ("alerts.list_deliveries", "GET"): "alerts.manage",
    ("alerts.new_secret", "POST"): "alerts.manage",
    ("alerts.removal", "GET"): "alerts.manage",
    ("alerts.removal", "POST"): "alerts.manage",
    ("alerts.send_test", "POST"): "alerts.manage",
    ("alerts.set_webhook", "POST"): "alerts.manage",
    ("alerts.try_now", "POST"): "alerts.manage",
    ("audit_log.index", "GET"): "audit.read",
    ("audit_log.lines", "GET"): "audit.read",
    ("auth.sign_in", "GET"): "public",
    ("auth.sign_in", "POST"): "public",
    ("auth.sign_in_code", "GET"): "public",
    ("auth.sign_in_code", "POST"): "public",
    ("auth.sign_out", "POST"): "signed_in",
    ("auth.sign_up", "GET"): "public",
    ("auth.sign_up", "POST"): "public",
    ("auth.start", "GET"): "public",
    ("bot_api.give_feedback", "POST"): "visitor_in_conversation",
    ("bot_api.list_messages", "GET"): "visitor_in_conversation",
    ("bot_api.message_events", "GET"): "visitor_in_conversation",
    ("bot_api.open_conversation", "POST"): "visitor_of_bot",
    ("bot_api.post_message", "POST"): "visitor_in_conversation",
    ("bot_api.retry_message", "POST"): "visitor_in_conversation",
    ("bot_api.stop_message", "POST"): "visitor_in_conversation",
    ("balance.ledger", "GET"): "plan.read",
    ("balance.show", "GET"): "plan.read",
    ("bots.deletion", "GET"): "bots.manage",
    ("bots.deletion", "POST"): "bots.manage",
    ("bots.disable", "POST"): "bots.manage",
    ("bots.enable", "POST"): "bots.manage",
    ("bots.index", "GET"): "bots.read",
    ("bots.new", "GET"): "bots.manage",
    ("bots.new", "POST"): "bots.manage",
    ("bots.settings", "GET"): "bots.manage",
    ("bots.settings", "POST"): "bots.manage",
    ("bots.show", "GET"): "bots.read",
    ("chat.give_feedback", "POST"): "visitor_of_bot",
    ("chat.restart", "POST"): "visitor_of_bot",
    ("chat.retry", "POST"): "visitor_of_bot",
    ("chat.send", "POST"): "visitor_of_bot",
    ("chat_appearance.avatar", "GET"): "visitor_of_bot",
    ("chat_appearance.stylesheet", "GET"): "visitor_of_bot",
    ("chat_scripts.script", "GET"): "public",
    ("chat.show", "GET"): "visitor_of_bot",
    ("conversations.delete_found", "GET"): "conversations.manage",
    ("conversations.delete_found", "POST"): "conversations.manage",
    ("conversations.deletion", "GET"): "conversations.manage",
    ("conversations.deletion", "POST"): "conversations.manage",
    ("conversations.export", "GET"): "conversations.manage",
    ("conversations.export", "POST"): "conversations.manage",
    ("conversations.index", "GET"): "conversations.read",
    ("conversations.show", "GET"): "conversations.read",
    ("demo.show", "GET"): "visitor_of_bot",
    ("gateway_try.show", "GET"): "gateway.use",
    ("gateway_try.show", "POST"): "gateway.use",
    ("health.healthz", "GET"): "public",
    ("health.readyz", "GET"): "public",
    ("gateway_api.chat_completions", "POST"): "gateway_token",
    ("gateway_api.completions", "POST"): "gateway_token",
    ("gateway_api.count_tokens", "POST"): "gateway_token",
    ("gateway_api.embeddings", "POST"): "gateway_token",
    ("gateway_api.fim_completions", "POST"): "gateway_token",
    ("gateway_api.list_models", "GET"): "gateway_token",
    ("gateway_api.messages", "POST"): "gateway_token",
    ("gateway_api.responses", "POST"): "gateway_token",
    ("gateway_api.show_model", "GET"): "gateway_token",
    ("gateway_api.show_route", "GET"): "gateway_token",
    ("gateway_models.index", "GET"): "gateway.use",
    ("gateway_models.key_order", "GET"): "keys.manage",
    ("gateway_models.key_order", "POST"): "keys.manage",
    ("gateway_models.route", "GET"): "gateway.use",
    ("gateway_requests.file", "GET"): "gateway.use",
    ("gateway_requests.index", "GET"): "gateway.use",
    ("gateway_requests.show", "GET"): "requests.read",
    ("gateway_setup.show", "GET"): "gateway.use",
    ("gateway_tokens.index", "GET"): "gateway.use",
    ("gateway_tokens.new", "GET"): "gateway.use",
    ("gateway_tokens.new", "POST"): "gateway.use",
    ("gateway_tokens.replacement", "GET"): "its own person",
    ("gateway_tokens.replacement", "POST"): "its own person",
    ("gateway_tokens.revocation", "GET"): "tokens.manage",
    ("gateway_tokens.revocation", "POST"): "tokens.manage",
    ("home.show", "GET"): "workspace.read",
    ("install.allow", "POST"): "bots.manage",
    ("install.refuse", "POST"): "bots.manage",
    ("install.remove", "POST"): "bots.manage",
    ("install.show", "GET"): "bots.read",
    ("invitations.accept", "POST"): "signed_in",
    ("invitations.create_account", "POST"): "public",
    ("invitations.show", "GET"): "public",
    ("knowledge.answer", "GET"): "knowledge.manage",
    ("knowledge.answer", "POST"): "knowledge.manage",
    ("knowledge.deletion", "GET"): "knowledge.manage",
    ("knowledge.deletion", "POST"): "knowledge.manage",
    ("knowledge.dismiss", "POST"): "knowledge.manage",
    ("knowledge.index", "GET"): "bots.read",
    ("knowledge.list_sources", "GET"): "bots.read",
    ("knowledge.read_again", "POST"): "knowledge.manage",
    ("knowledge.show", "GET"): "bots.read",
    ("knowledge.try_retrieval", "GET"): "bots.read",
    ("knowledge_forms.add_files", "GET"): "knowledge.manage",
    ("knowledge_forms.add_files", "POST"): "knowledge.manage",
    ("knowledge_forms.add_page", "GET"): "knowledge.manage",
    ("knowledge_forms.add_page", "POST"): "knowledge.manage",
    ("knowledge_forms.add_qa", "GET"): "knowledge.manage",
    ("knowledge_forms.add_qa", "POST"): "knowledge.manage",
    ("knowledge_forms.add_text", "GET"): "knowledge.manage",
    ("knowledge_forms.add_text", "POST"): "knowledge.manage",
    ("appearance.preview", "POST"): "bots.manage",
    ("appearance.remove_picture", "POST"): "bots.manage",
    ("appearance.reset", "GET"): "bots.manage",
    ("appearance.reset", "POST"): "bots.manage",
    ("appearance.set_picture", "POST"): "bots.manage",
    ("appearance.show", "GET"): "bots.manage",
    ("appearance.show", "POST"): "bots.manage",
    ("message_quota.show", "GET"): "plan.read",
    ("openapi.show", "GET"): "public",
    ("password_resets.choose", "GET"): "public",
    ("password_resets.choose", "POST"): "public",
    ("password_resets.new", "GET"): "public",
    ("password_resets.new", "POST"): "public",
    ("password_resets.sent", "GET"): "public",
    ("people.change_role", "POST"): "people.manage",
    ("people.departure", "GET"): "workspace.leave",
    ("people.departure", "POST"): "workspace.leave",
    ("people.index", "GET"): "people.read",
    ("people.invite", "POST"): "people.manage",
    ("people.new_invitation", "GET"): "people.manage",
    ("people.removal", "GET"): "people.manage",
    ("people.removal", "POST"): "people.manage",
    ("people.send_again", "POST"): "people.manage",
    ("people.withdraw", "POST"): "people.manage",
    ("plan.change", "GET"): "plan.manage",
    ("plan.change", "POST"): "plan.manage",
    ("plan.show", "GET"): "plan.read",
    ("provider_keys.check", "GET"): "keys.manage",
    ("provider_keys.create", "POST"): "keys.manage",
    ("provider_keys.deletion", "GET"): "keys.manage",
    ("provider_keys.deletion", "POST"): "keys.manage",
    ("provider_keys.disable", "POST"): "keys.manage",
    ("provider_keys.enable", "POST"): "keys.manage",
    ("provider_keys.index", "GET"): "keys.read",
    ("provider_keys.new", "GET"): "keys.manage",
    ("provider_keys.replacement", "GET"): "keys.manage",
    ("provider_keys.replacement", "POST"): "keys.manage",
    ("provider_keys.test", "POST"): "keys.manage",
    ("search.index", "GET"): "workspace.read",
    ("two_factor.confirm", "POST"): "signed_in",
    ("two_factor.make_recovery_codes", "POST"): "signed_in",
    ("two_factor.show", "GET"): "signed_in",
    ("two_factor.show", "POST"): "signed_in",
    ("two_factor.disable", "POST"): "signed_in",
    ("settings.retention", "GET"): "workspace.manage",
    ("settings.retention", "POST"): "workspace.manage",
    ("settings.set_minute_limit", "POST"): "workspace.manage",
    ("settings.show", "GET"): "workspace.read",
    ("settings.show", "POST"): "workspace.manage",
    ("static", "GET"): "public",
    ("trial.show", "GET"): "bots.read",
    ("trial.turn", "GET"): "bots.read",
    ("usage.days", "GET"): "usage.read",
    ("usage.index", "GET"): "usage.read",
    ("widget.frame", "GET"): "visitor_of_bot",
    ("widget.loader", "GET"): "public",
    ("workspaces.new", "GET"): "signed_in",
    ("workspaces.new", "POST"): "signed_in",
}
STRICTER_INSIDE = {
    ("settings.show", "POST"): "everybody reads the page, an owner saves it",
    ("gateway_requests.show", "GET"): "the request in the address is a colleague’s",
    ("gateway_tokens.replacement", "GET"): "the token in the address is a colleague’s",
    ("gateway_tokens.replacement", "POST"): "the token in the address is a colleague’s",
    ("gateway_tokens.revocation", "GET"): "the token in the address is a colleague’s",
    ("gateway_tokens.revocation", "POST"): "the token in the address is a colleague’s",
}
NOBODYS = {"slug", "plan_key"}
"""What stands in addresses and is no id of a workspace's own."""
LEAD_TO_SIGN_IN = ("auth.start", "auth.sign_out", "auth.sign_in_code")
"""Where they lead whom is in test_accounts.py and test_two_factor.py."""
ASKED_AS_HTMX = ("admin", "billing", "stranger", "nobody")
ROLES = {
    "owner": Role.OWNER,
    "billing": Role.BILLING,
    "admin": Role.ADMIN,
    "member": Role.MEMBER,
}


def test_every_route_has_a_line_in_the_table_and_the_guard_it_names(app):
    found = {(route.endpoint, route.method): route.guard for route in routes(app)}
    assert set(found) == set(NEEDS)
    different = {key for key, guard in found.items() if guard != NEEDS[key]}
    assert different == set(STRICTER_INSIDE)


@pytest.mark.parametrize(
    ("who", "htmx"),
    [*((who, False) for who in (*EVERYONE, "nobody")), *((who, True) for who in ASKED_AS_HTMX)],
)
def test_each_person_at_each_address(app, cast, signed_in, who, htmx):
    stage = set_stage(app, cast.workspace)
    browser = Browser(app) if who == "nobody" else signed_in(who)
    browser.client.set_cookie(f"chat_{stage.bot.id}", stage.bot_client.token)
    token, surprises = browser.csrf_token(), []
    for route in routes(app):
        if who == "nobody" and route.endpoint in LEAD_TO_SIGN_IN:
            continue
        answer = _ask(browser, route, route.url(stage.values), token, htmx)
        if _access_outcome(answer, route) != _expected(NEEDS[route.endpoint, route.method], who):
            surprises.append((route.method, route.url(stage.values), answer.status))
    assert not surprises


def _ask(browser: Browser, route: Route, url: str, token: str, htmx: bool):
    """Only the status counts here: the pages themselves are looked at in test_console_pages.py."""
    headers = {"HX-Request": "true"} if htmx else {}
    form = {"csrf_token": token} if route.method == "POST" else None
    return browser.client.open(url, method=route.method, data=form, headers=headers)


def _expected(need: str, who: str) -> str:
    if need in ("public", "visitor_of_bot"):
        return "allowed"
    if need in ("visitor_in_conversation", "gateway_token"):
        return "401"
    if who == "nobody":
        return "sign in"
    if need == "signed_in":
        return "allowed"
    if who not in ROLES:
        return "404"
    return "allowed" if need in PERMISSIONS[ROLES[who]] else "403"


def _access_outcome(answer, route: Route) -> str:
    """What a person is told by the answer: in a redirect to a page, in a status to htmx."""
    if urlsplit(answer.headers.get("Location", "")).path == "/sign-in":
        return "allowed" if route.endpoint in LEAD_TO_SIGN_IN else "sign in"
    if answer.status_code == 401 and not route.is_api:
        assert answer.mimetype == "text/plain"
        return "sign in"
    if answer.status_code in (200, 201, 204, 303, 422):
        return "allowed"
    return str(answer.status_code)


def test_signing_in_leads_back_to_the_page_that_asked_for_it(app, cast):
    browser = Browser(app)
    redirect = browser.get("/w/acme/bots?x=1")
    assert redirect.status_code == 303
    person = {"email": "owner@example.com", "password": "correct horse battery"}
    assert browser.post(redirect.location, person).location == "/w/acme/bots?x=1"
    after_post = Browser(app).post("/w/acme/bots/new", {"name": "x"})
    assert after_post.location.startswith("/sign-in")
    assert "bots" not in after_post.location


@dataclass(frozen=True)
class Things:
    """What of another workspace must stay as it is."""

    bots: list[str]
    keys: list[tuple[str, int, bool]]


def _things(workspace) -> Things:
    bot_names = [f"{bot.name} {bot.enabled}" for bot in bots.bots_of(workspace.id)]
    keys = store.keys_of(workspace.id)
    return Things(bot_names, [(key.mask, key.version, key.enabled) for key in keys])


@pytest.mark.parametrize("htmx", [False, True], ids=["page", "piece"])
def test_another_workspaces_ids_are_not_found(app, cast, signed_in, htmx):
    stage = set_stage(app, cast.elsewhere)
    before = _things(cast.elsewhere)
    owner, wrong = signed_in("owner"), []
    token = owner.csrf_token()
    for route in routes(app):
        if "slug" not in route.arguments or set(route.arguments) <= NOBODYS:
            continue
        url = route.url(stage.values | {"slug": cast.workspace.slug})
        answer = _ask(owner, route, url, token, htmx)
        if answer.status_code != 404:
            wrong.append((route.method, url, answer.status))
    assert not wrong
    assert _things(cast.elsewhere) == before


def test_lists_show_only_the_workspaces_own_things(app, cast, signed_in):
    elsewhere = make_bot(cast.elsewhere, name="Bot of the others")
    bot_client = BotClient(app, elsewhere)
    bot_client.say("What the others were asked")
    owner = signed_in("owner")
    for path in ("", "/bots", "/conversations", f"/conversations?bot={elsewhere.id}"):
        page = owner.get(f"/w/acme{path}").text
        assert "the others" not in page.replace("with this bot", "")
    assert "the others" not in owner.get("/w/acme/conversations?q=asked").text


def test_a_visitors_token_opens_one_conversation_of_one_bot(app, cast, provider):
    first, second = make_bot(cast.workspace), make_bot(cast.workspace, name="Second")
    mine, others, elsewhere = BotClient(app, first), BotClient(app, first), BotClient(app, second)
    message_id = others.say("A secret").message_id
    redirect = len(provider.calls)
    for path in (f"/messages/{message_id}/events", f"/messages/{message_id}/retry"):
        method = mine.client.get if path.endswith("events") else mine.client.post
        assert method(mine.url + path, headers=mine.headers()).status_code == 404
        assert method(mine.url + path, headers=elsewhere.headers()).status_code == 401
        assert method(mine.url + path).status_code == 401
    assert mine.messages() == []
    assert len(provider.calls) == redirect


def test_the_questions_own_id_is_not_an_answer(app, cast):
    bot_client = BotClient(app, make_bot(cast.workspace))
    question_id = bot_client.say().events[0][1]["question_id"]
    assert bot_client.post(f"/messages/{question_id}/retry").status_code == 404
    url = f"{bot_client.url}/messages/{question_id}/events"
    assert bot_client.client.get(url, headers=bot_client.headers()).status_code == 404


def test_a_visitors_token_is_over_after_seven_days(app, cast, shift_clock):
    bot_client = BotClient(app, make_bot(cast.workspace))
    shift_clock(visitors.TOKEN_LIFE - visitors.timedelta(seconds=5))
    assert bot_client.say().last == "done"
    shift_clock(visitors.TOKEN_LIFE)
    refused = bot_client.post("/messages", {"text": "Hello"})
    assert refused.status_code == 401
    assert refused.json["error"]["code"] == "bad_token"


def test_a_person_who_left_a_workspace_finds_nothing_there(app, cast, signed_in):
    from sqlalchemy import delete

    from core.accounts.models import Membership
    from core.db import transaction

    admin = signed_in("admin")
    assert admin.get("/w/acme/bots").status_code == 200
    with transaction() as current:
        current.execute(delete(Membership).where(Membership.person_id == cast.admin.id))
    assert admin.get("/w/acme/bots").status_code == 404
