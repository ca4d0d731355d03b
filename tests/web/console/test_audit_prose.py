"""Every action of the audit log is a sentence: those the product writes, and those it has forgotten."""

import ast
import re

import pytest

from core.accounts.audit import AuditLine
from core.accounts.roles import PERMISSIONS
from tests.house.sources import Source, sources
from web.console.audit import prose as audit_prose

ACTION = re.compile(r"[a-z]+\.[a-z_]+")
PERMISSION_NAMES = set().union(*PERMISSIONS.values())
MASK = "sk-ant-api03-••••••••"


def actions_of(source: Source) -> set[str]:
    """What looks like an action in a module that writes to the audit log."""
    if not _records(source):
        return set()
    found = {text for text in source.strings() if ACTION.fullmatch(text)}
    return found - PERMISSION_NAMES


def _records(source: Source) -> bool:
    calls = (node.func for node in ast.walk(source.tree) if isinstance(node, ast.Call))
    return any(ast.unparse(func) == "audit.record" for func in calls)


def actions_by_module() -> dict[str, set[str]]:
    return {source.name: found for source in sources() if (found := actions_of(source))}


def test_every_action_that_is_written_anywhere_has_a_sentence():
    found = actions_by_module()
    assert {"core.bots.bots", "core.accounts.workspaces"} <= set(found)
    without = {name: actions - set(audit_prose.SENTENCES) for name, actions in found.items()}
    assert {name: actions for name, actions in without.items() if actions} == {}


def test_no_sentence_is_kept_for_what_nobody_writes():
    assert set(audit_prose.SENTENCES) == set().union(*actions_by_module().values())


def test_no_action_is_put_together_where_this_reader_cannot_see_it():
    assert [
        source.name for source in sources() if _records(source) and _puts_together(source)
    ] == []
    assert _puts_together(Source("core.somewhere", 'f"key.{what}"'))
    assert not _puts_together(Source("core.somewhere", 'f"{what}. Then"'))


def _puts_together(source: Source) -> bool:
    """Whether there is an f-string that begins like an action."""
    found = (node.values[:1] for node in ast.walk(source.tree) if isinstance(node, ast.JoinedStr))
    begins = (
        str(part.value) for parts in found for part in parts if isinstance(part, ast.Constant)
    )
    return any(re.fullmatch(r"[a-z]+\.[a-z_]*", text) for text in begins)


def test_the_reader_finds_an_action_however_it_is_named():
    text = "action = 'key.stolen' if x else 'key.lost'\naudit.record(c, w, a, action, 'openai')"
    assert actions_of(Source("core.somewhere", text)) == {"key.stolen", "key.lost"}
    assert not actions_of(Source("core.somewhere", "event('key.stolen')"))


SENTENCES = {
    ("key.added", "anthropic"): ({"now": f"{MASK}7xA2"}, "added the Anthropic key …7xA2"),
    ("key.replaced", "anthropic"): (
        {"was": f"{MASK}7xA2", "now": f"{MASK}Qm31"},
        "replaced the Anthropic key, was …7xA2, now …Qm31",
    ),
    ("key.deleted", "openai"): ({"mask": "••••••••"}, "deleted the OpenAI key ••••••••"),
    ("key.tested", "openai"): ({}, "tested the OpenAI key"),
    ("key.invalidated", "openai"): (
        {"reason": "rejected", "version": 3},
        "marked the OpenAI key invalid: OpenAI rejected it",
    ),
    ("key.invalidated", "gone"): ({"reason": "other"}, "marked the gone key invalid: other"),
    ("plan.changed", "free"): ({"was": "pro", "now": "free"}, "changed the plan from Pro to Free"),
    ("plan.changed", "gold"): ({"was": "pro", "now": "gold"}, "changed the plan from Pro to gold"),
    ("workspace.created", "acme"): (
        {"name": "Acme", "plan": "free"}, "created this workspace on the Free plan",
    ),
    ("person.invited", "a@b.example"): (
        {"role": "billing_manager"}, "invited a@b.example as billing manager",
    ),
    ("person.role_changed", "a@b.example"): (
        {"was": "member", "now": "owner"},
        "changed the role of a@b.example from member to owner",
    ),
    ("person.joined", "a@b.example"): (
        {"role": "Billing manager", "invited_by": "Ann"},
        "joined as billing manager, invited by Ann",
    ),
    ("person.joined", "c@b.example"): ({"role": "member"}, "joined as member"),
    ("alert.webhook_disabled", "webhook"): (
        {"why": "It failed."}, "disabled the webhook: It failed.",
    ),
    ("alert.webhook_disabled", ""): ({}, "disabled the webhook"),
    ("bot.changed", "bot_1"): (
        {"name": "Help", "name_was": "Support", "was": "mevichat:mini", "now": "openai:gpt-5",
         "fields": ["model_id", "name", "welcome", "instructions"]},
        "changed the bot Help: name, was Support, model from Mevichat Mini to GPT-5, "
        "instructions and welcome",
    ),
    ("bot.changed", "bot_2"): (
        {"name": "Help", "fields": ["starters"]}, "changed the bot Help: starter questions",
    ),
    ("bot.look_changed", "bot_1"): (
        {"name": "Help", "fields": ["accent", "link", "mode"]},
        "changed the appearance of Help: color mode, accent and links in answers",
    ),
    ("bot.look_changed", "bot_2"): (
        {"name": "Help", "fields": ["accent", "accent_text", "font", "link", "mode", "radius"]},
        "changed the appearance of Help: color mode, accent, text on accent and 3 more",
    ),
    ("workspace.minute_limit_set", "acme"): (
        {"was": 60, "now": 120}, "set the limit for all bots to 120 messages per minute",
    ),
    ("workspace.retention_changed", "acme"): (
        {"was": 0, "now": 90}, "changed how long conversations are kept, from forever to 90 days",
    ),
    ("conversation.expired", "acme"): (
        {"count": 3, "days": 30}, "deleted 3 conversations after the retention period of 30 days",
    ),
    ("source.added", "src_1"): (
        {"bot": "bot_1", "kind": "file", "title": "a.pdf"},
        "added the file “a.pdf” to Leafy’s knowledge",
    ),
    ("source.removed", "src_1"): (
        {"bot": "bot_gone", "kind": "file", "title": "a.pdf"},
        "deleted the file “a.pdf” from a bot’s knowledge",
    ),
    ("bot.deleted", "bot_1"): ({"name": "{x}"}, "deleted the bot {x} with its conversations"),
    ("moon.landed", "tranquility"): (
        {"by": "Neil", "at": 1969}, "moon.landed tranquility (at 1969, by Neil)",
    ),
    ("moon.left", ""): ({}, "moon.left"),
}  # fmt: skip


@pytest.mark.parametrize(("action", "subject"), SENTENCES)
def test_a_line_reads_as_a_sentence(action, subject):
    details, sentence = SENTENCES[action, subject]
    line = AuditLine(action=action, subject=subject, details=details)
    assert audit_prose.what(line, {"bot_1": "Leafy"}) == sentence


@pytest.mark.parametrize("action", audit_prose.SENTENCES)
def test_a_line_without_its_facts_is_still_shown(action):
    said = audit_prose.what(AuditLine(action=action, subject="x", details={}))
    assert said
    assert "{" not in said
