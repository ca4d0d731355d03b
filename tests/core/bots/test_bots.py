"""A bot: what may be chosen for it, whether it can answer, and who may ask it."""

import re
from datetime import timedelta

import pytest

from core.accounts import audit
from core.accounts.actor import OPERATOR, Actor
from core.accounts.models import Workspace
from core.bots import bots, visitors
from core.bots import deletion as bot_deletion
from core.bots.answers import failure_messages
from core.bots.answers.failure_messages import FAILURE_SENTENCE, OUT_OF_MESSAGES_SENTENCE
from core.bots.bots import Draft
from core.db import session
from core.errors import BadToken, BotOff, Invalid, NotFound, OriginNotAllowed, PlanDoesNotAllow
from core.keys.models import ProviderKey
from core.plans import PLANS
from core.providers import catalogue
from core.providers.failures import FailureKind
from tests.bot_client import UNBOUNDED, make_bot
from tests.databases import on_both_databases
from tests.people import make_person, make_workspace
from tests.threads import at_once

SPEC = {
    "personal": {"mevichat:mini"},
    "free": {"mevichat:mini"},
    "pro": {"mevichat:mini", "anthropic:claude-haiku-4-5", "openai:gpt-5-mini"},
    "scale": {model.id for model in catalogue.bot_models()},
}
RITA = Actor("Rita", "192.0.2.1", "psn_rita")
KEY = ProviderKey(enabled=True, status="valid", reason="")


@pytest.mark.parametrize("plan", PLANS)
def test_each_plans_models_are_those_of_the_specification(app, plan):
    workspace = Workspace(kind=PLANS[plan].kind, plan_key=plan)
    allowed = {
        model.id
        for model in catalogue.bot_models()
        if bots.blocked_reason(model, workspace, KEY) != "model_not_on_plan"
    }
    assert allowed == SPEC[plan]


@pytest.mark.parametrize(
    ("plan", "model", "key", "reason"),
    [
        ("pro", "mini", None, ""),
        ("free", "mini", None, ""),
        ("pro", "claude-haiku-4-5", KEY, ""),
        ("pro", "claude-haiku-4-5", None, "no_key"),
        ("pro", "claude-sonnet-4-6", KEY, "model_not_on_plan"),
        ("free", "claude-haiku-4-5", KEY, "model_not_on_plan"),
        ("scale", "claude-sonnet-4-6", KEY, ""),
        ("scale", "gpt-5", ProviderKey(enabled=False, status="valid", reason=""), "key_disabled"),
        ("scale", "gpt-5", ProviderKey(enabled=True, status="invalid", reason="rejected"), "key_rejected"),
    ],
)  # fmt: skip
def test_why_a_bot_cannot_answer(plan, model, key, reason):
    workspace = Workspace(kind="organization", plan_key=plan)
    assert bots.blocked_reason(catalogue.find_model(model), workspace, key) == reason


def test_a_model_is_refused_when_the_plan_does_not_have_it(workspace):
    with pytest.raises(PlanDoesNotAllow, match="Claude Sonnet 4.6 isn’t included in the Pro plan"):
        bots.create(workspace, Draft(name="Bot", model="claude-sonnet-4-6"), OPERATOR)
    with pytest.raises(Invalid, match="There is no model"):
        bots.create(workspace, Draft(name="Bot", model="gpt-99"), OPERATOR)
    with pytest.raises(Invalid, match="There is no model"):
        bots.create(workspace, Draft(name="Bot", model=""), OPERATOR)


@pytest.mark.parametrize("model", ["gpt-6-luna", "bedrock:claude-haiku-4-5", "zai:glm-4.7"])
def test_a_model_that_is_for_programs_is_refused_with_those_that_are_for_bots(workspace, model):
    with pytest.raises(
        Invalid,
        match="only available through the gateway. Bots can use Mevichat Mini, Claude Haiku",
    ):
        bots.create(workspace, Draft(name="Bot", model=model), OPERATOR)


def test_a_bot_on_a_blocked_model_may_keep_it_while_other_things_change(workspace):
    from core.accounts import workspaces

    bot = make_bot(workspace, "claude-haiku-4-5")
    workspaces.set_plan(workspace, "free", OPERATOR)
    session().expire_all()
    bots.change(workspace, bot, Draft(name="Renamed", model="claude-haiku-4-5"), OPERATOR)
    session().expire_all()
    assert bots.get(workspace.id, bot.id).name == "Renamed"
    with pytest.raises(PlanDoesNotAllow):
        bots.change(workspace, bot, Draft(name="Bot", model="gpt-5-mini"), OPERATOR)


def test_another_workspaces_bot_is_not_found(workspace, bot):
    other = make_workspace(make_person("bob"), "Other", "pro")
    for bot_id in (bot.id, "bot_none", ""):
        with pytest.raises(NotFound):
            bots.get(other.id, bot_id)


@pytest.mark.parametrize(
    ("line", "kept"),
    [
        ("https://www.example.com", "https://www.example.com"),
        (" HTTPS://Example.COM/ ", "https://example.com"),
        ("http://localhost:3000", "http://localhost:3000"),
        ("https://xn--bcher-kva.example", "https://xn--bcher-kva.example"),
        ("http://[::1]:8000", "http://[::1]:8000"),
    ],
)
def test_an_origin_is_kept_as_browsers_send_it(line, kept):
    assert visitors.checked_origins(["", line, line, " "]) == [kept]


@pytest.mark.parametrize(
    "line",
    [
        "example.com", "https://", "ftp://example.com", "https://example.com/a", "https://a.example?x",
        "https://a.example#x", "https://user@a.example", "https://a.example:port", "null", "*",
        "https://*", "javascript:alert(1)", "https://" + "a" * 200, "https://a b.example", "//a.example",
    ],
)  # fmt: skip
def test_what_is_no_origin_is_refused(line):
    with pytest.raises(Invalid, match="is not a site address"):
        visitors.checked_origins([line])


def test_a_bot_has_50_origins_at_most():
    lines = [f"https://{number}.example" for number in range(51)]
    assert len(visitors.checked_origins(lines[:50])) == 50
    with pytest.raises(Invalid, match="at most 50"):
        visitors.checked_origins(lines)


OWN = "https://chat.example"


@pytest.mark.parametrize(
    ("origin", "allowed"),
    [
        (None, True),
        ("", True),
        (OWN, True),
        ("https://shop.example", True),
        ("https://shop.example:8443", False),
        ("http://shop.example", False),
        ("https://evil.example", False),
        ("https://shop.example.evil.example", False),
        ("null", False),
    ],
)
def test_which_pages_may_use_a_bot(workspace, origin, allowed):
    bot = make_bot(workspace, allowed_origins=("https://shop.example",))
    if allowed:
        assert visitors.bot_for_visitor(bot.id, origin, OWN).id == bot.id
        return
    with pytest.raises(OriginNotAllowed):
        visitors.bot_for_visitor(bot.id, origin, OWN)


def test_a_bot_that_is_off_is_no_secret_to_its_own_pages_and_one_to_others(workspace, bot):
    bots.set_enabled(bot, False, OPERATOR)
    session().expire_all()
    with pytest.raises(BotOff):
        visitors.bot_for_visitor(bot.id, OWN, OWN)
    with pytest.raises(OriginNotAllowed):
        visitors.bot_for_visitor(bot.id, "https://evil.example", OWN)
    with pytest.raises(NotFound):
        visitors.bot_for_visitor("bot_none", None, OWN)


@pytest.mark.parametrize(
    ("after", "good"),
    [(timedelta(), True), (timedelta(days=7, seconds=-2), True), (timedelta(days=7), False)],
)
def test_a_visitors_token_is_good_for_seven_days(bot, shift_clock, after, good):
    conversation, token = visitors.open_conversation(bot, "secret")
    shift_clock(after)
    if good:
        assert visitors.conversation_of(token, bot.id, "secret").id == conversation.id
        return
    with pytest.raises(BadToken):
        visitors.conversation_of(token, bot.id, "secret")


def test_a_token_is_bound_to_its_bot_and_to_the_deployments_secret(workspace, bot):
    _, token = visitors.open_conversation(bot, "secret")
    other = make_bot(workspace, name="Other")
    for wrong in (
        (token, other.id, "secret"),
        (token, bot.id, "other secret"),
        (token[:-1], bot.id, "secret"),
    ):
        with pytest.raises(BadToken):
            visitors.conversation_of(*wrong)


def test_every_failure_has_a_sentence_for_the_owner_and_none_but_neutral_ones_for_visitors():
    every = [str(kind) for kind in FailureKind if kind is not FailureKind.cancelled]
    every += ["out_of_messages", "no_key", "key_disabled", "key_unreadable", "model_not_on_plan"]
    every += ["model_gone"]
    for reason in every:
        sentence = failure_messages.for_owner(reason, "anthropic:claude-haiku-4-5", "anthropic")
        assert sentence != failure_messages.for_owner("internal", "", ""), reason
        assert "{" not in sentence
        code, text = failure_messages.for_visitor(reason)
        assert text in (FAILURE_SENTENCE, OUT_OF_MESSAGES_SENTENCE)
        assert code in ("answer_failed", "unavailable")
    assert failure_messages.for_owner("", "anthropic:claude-haiku-4-5") == ""


@pytest.mark.parametrize("provider", ["mevichat", ""])
def test_what_is_said_of_mini_speaks_of_no_key_of_the_workspace(provider):
    for kind in FailureKind:
        sentence = failure_messages.for_owner(str(kind), "mevichat:mini", provider)
        assert "{" not in sentence
        assert not re.search(r"key stays|this key|the key|Provider keys", sentence), sentence


def test_a_model_that_left_the_catalogue_is_still_named():
    assert failure_messages.names("old:model-1") == ("old:model-1", "old")


def lines_of(workspace):
    """What the audit log says of bots, oldest first."""
    return [
        (line.action, line.actor, line.details)
        for line in reversed(audit.lines_of(workspace.id, action="bot"))
    ]


def test_what_becomes_of_a_bot_is_in_the_audit_log_without_a_word_of_its_texts(workspace):
    bot = bots.create(workspace, Draft(name="Support", instructions="Secret recipe"), RITA)
    draft = Draft(name="Help", model="claude-haiku-4-5", instructions="Other", welcome="Hello")
    bots.change(workspace, bot, draft, RITA)
    bots.set_enabled(bot, False, RITA)
    bots.set_enabled(bot, True, RITA)
    bot_deletion.remove(bot, RITA)
    fields = {"fields": ["instructions", "model_id", "name", "welcome"], "name_was": "Support"}
    models = {"was": "mevichat:mini", "now": "anthropic:claude-haiku-4-5"}
    assert lines_of(workspace) == [
        ("bot.created", "Rita", {"name": "Support", "model": "mevichat:mini"}),
        ("bot.changed", "Rita", {"name": "Help", **fields, **models}),
        ("bot.disabled", "Rita", {"name": "Help"}),
        ("bot.enabled", "Rita", {"name": "Help"}),
        ("bot.deleted", "Rita", {"name": "Help"}),
    ]


def test_what_changes_nothing_writes_no_line(workspace, bot):
    before = lines_of(workspace)
    bots.change(workspace, bot, Draft(name="Support", **UNBOUNDED), RITA)
    bots.set_enabled(bot, True, RITA)
    assert lines_of(workspace) == before
    bot_deletion.remove(bot, RITA)
    bot_deletion.remove(bot, RITA)
    assert [action for action, *_ in lines_of(workspace)] == ["bot.created", "bot.deleted"]


def test_a_bot_that_was_deleted_meanwhile_cannot_be_changed(workspace, bot):
    bot_deletion.remove(bot, RITA)
    with pytest.raises(NotFound):
        bots.change(workspace, bot, Draft(name="Help"), RITA)


@on_both_databases
def test_a_bot_deleted_by_many_at_once_is_deleted_once(workspace, bot):
    at_once(8, lambda _: bot_deletion.remove(bot, RITA))
    session().commit()
    assert [action for action, *_ in lines_of(workspace)] == ["bot.created", "bot.deleted"]
