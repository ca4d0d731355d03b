"""Every address: guarded, written in kebab-case, for GET and POST only."""

import re

from flask import Flask

from core.accounts.roles import PERMISSIONS

GUARDS = {"public", "signed_in", "visitor_of_bot", "visitor_in_conversation", "gateway_token"} | {
    permission for held in PERMISSIONS.values() for permission in held
}
PUBLIC = {
    "static": "files that are the same for everybody",
    "auth.start": "sends people to their way in",
    "auth.sign_in": "for those who are not signed in",
    "auth.sign_in_code": "for those whose password was right",
    "auth.sign_up": "for those who have no account",
    "invitations.create_account": "for the invited who have no account; the token proves the address",
    "invitations.show": "for the invited; nothing without the token",
    "openapi.show": "what programs may call; the same for everybody",
    "password_resets.choose": "for those who forgot their password; nothing without the token",
    "password_resets.new": "for those who forgot their password",
    "password_resets.sent": "says the same to everybody",
    "widget.loader": "the script that any site may ask for; it shows nothing of a bot but its launcher",
    "chat_scripts.script": "a file that is the same for everybody",
    "health.healthz": "for whatever watches the process",
    "health.readyz": "for whatever watches the process",
}


def test_every_route_names_a_guard_that_exists(app):
    guards = {endpoint: getattr(view, "guard", "") for endpoint, view in app.view_functions.items()}
    assert {endpoint for endpoint, guard in guards.items() if guard not in GUARDS} == set()


def test_what_is_open_to_everybody_is_listed_with_its_reason(app):
    views = app.view_functions.items()
    assert {endpoint for endpoint, view in views if view.guard == "public"} == set(PUBLIC)


def test_a_view_without_a_guard_is_refused(app):
    app.view_functions["auth.start"] = lambda: "hello"
    assert app.test_client().get("/").status_code == 403


def test_addresses_are_nouns_in_kebab_case(app):
    wrong = [str(rule) for rule in app.url_map.iter_rules() if not _is_kebab(str(rule))]
    assert set(wrong) == set(THEIR_WORDS)


THEIR_WORDS = {
    "/openapi.json": "where tools look for it",
    "/chat/<bot_id>/look.css": "a stylesheet, by the name that browsers and caches know it by",
    "/w/<bot_id>.js": "a script, by the name that goes into others’ pages",
    "/v1/messages/count_tokens": "Anthropic’s own name for it",
}


def test_methods_are_get_and_post(app):
    for rule in app.url_map.iter_rules():
        assert rule.methods <= {"GET", "HEAD", "OPTIONS", "POST"}, str(rule)


def test_a_workspaces_pages_are_below_its_slug(app):
    """The guard finds the workspace by the address; nothing else may."""
    for rule in app.url_map.iter_rules():
        needs_member = app.view_functions[rule.endpoint].guard in set().union(*PERMISSIONS.values())
        assert needs_member == str(rule).startswith("/w/<slug>"), str(rule)


def test_the_reader_of_addresses_finds_a_wrong_one():
    made = Flask(__name__)
    for rule in ("/w/<slug>/Bots", "/w/<slug>/provider_keys", "/bots/", "/a.b"):
        made.add_url_rule(rule, rule)
        assert not _is_kebab(rule)


def _is_kebab(rule: str) -> bool:
    parts = rule.removeprefix("/").split("/") if rule != "/" else []
    return all(re.fullmatch(r"[a-z0-9]+(-[a-z0-9]+)*|<(path:)?[a-z_]+>", part) for part in parts)
