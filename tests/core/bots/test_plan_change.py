"""A change of plan: in one step with the bots it silences, and by one person at a time."""

import pytest
from sqlalchemy import event

from core.accounts import audit, workspaces
from core.accounts.actor import OPERATOR, Actor
from core.bots import bots, plan_change
from core.db import session
from core.errors import Conflict
from core.plans import PLANS
from tests.bot_client import make_bot
from tests.databases import on_both_databases
from tests.threads import at_once

RITA = Actor("Rita", "192.0.2.1", "psn_rita")


def models_of(workspace) -> dict[str, str]:
    session().commit()
    session().expire_all()
    return {bot.name: bot.model_id for bot in bots.bots_of(workspace.id)}


def plan_of(workspace) -> str:
    session().commit()
    session().expire_all()
    return workspaces.by_slug(workspace.slug).plan_key


def lines_since(workspace, before: int) -> list[tuple[str, str, dict]]:
    lines = reversed(audit.lines_of(workspace.id))
    return [(x.action, x.actor, x.details) for x in lines if x.number > before]


@pytest.fixture
def made(workspace):
    """Three bots, two of which a plan with Mini alone silences."""
    workspaces.set_plan(workspace, "scale", OPERATOR)
    for name, model in (("Small", "mini"), ("Quick", "claude-haiku-4-5"), ("Deep", "gpt-5")):
        make_bot(workspace, model, name=name)
    return workspace


@pytest.mark.parametrize(
    ("plan", "blocked"),
    [
        ("free", ["Quick", "Deep"]),
        ("pro", ["Deep"]),
        ("scale", []),
        ("personal", ["Quick", "Deep"]),
    ],
)
def test_a_plan_silences_the_bots_on_models_that_it_does_not_have(made, plan, blocked):
    found = plan_change.blocked_by(PLANS[plan], bots.bots_of(made.id))
    assert [bot.name for bot in found] == blocked


def test_a_downgrade_can_take_every_silenced_bot_to_mini_in_the_same_step(made):
    before = audit.count_of(made.id)
    names = plan_change.change(made, PLANS["free"], "scale", to_mini=True, actor=RITA)
    assert names == ["Quick", "Deep"]
    assert plan_of(made) == "free"
    assert models_of(made) == dict.fromkeys(("Small", "Quick", "Deep"), "mevichat:mini")
    mini = {"fields": ["model_id"], "now": "mevichat:mini"}
    assert lines_since(made, before) == [
        ("plan.changed", "Rita", {"was": "scale", "now": "free"}),
        ("bot.changed", "Rita", {"name": "Quick", "was": "anthropic:claude-haiku-4-5", **mini}),
        ("bot.changed", "Rita", {"name": "Deep", "was": "openai:gpt-5", **mini}),
    ]
    assert audit.verify(made.id).problem == ""


@pytest.mark.parametrize(("plan", "to_mini"), [("free", False), ("pro", False), ("scale", True)])
def test_bots_that_are_not_asked_for_stay_as_they_are(made, plan, to_mini):
    """Left behind by a downgrade; and an upgrade changes nothing by itself."""
    start = "pro" if plan == "scale" else "scale"
    workspaces.set_plan(made, start, OPERATOR)
    models, before = models_of(made), audit.count_of(made.id)
    workspaces.set_plan(made, start, OPERATOR)
    assert plan_change.change(made, PLANS[plan], start, to_mini, RITA) == []
    assert plan_of(made) == plan
    assert models_of(made) == models
    assert [action for action, *_ in lines_since(made, before)] == ["plan.changed"]


@on_both_databases
@pytest.mark.parametrize("seen", ["free", "pro", "gold", ""])
def test_a_plan_that_was_changed_meanwhile_is_left_alone_and_so_are_its_bots(made, seen):
    models, before = models_of(made), audit.count_of(made.id)
    with pytest.raises(Conflict, match="Someone else changed the plan"):
        plan_change.change(made, PLANS["free"], seen, to_mini=True, actor=RITA)
    assert (plan_of(made), models_of(made)) == ("scale", models)
    assert lines_since(made, before) == []


@on_both_databases
def test_of_many_changes_at_once_one_wins_and_the_others_are_told(made):
    before = audit.count_of(made.id)

    def act(number: int) -> list[str]:
        plan = PLANS["free" if number % 2 else "pro"]
        return plan_change.change(made, plan, "scale", to_mini=True, actor=RITA)

    outcomes = at_once(8, act)
    assert sorted(type(outcome).__name__ for outcome in outcomes) == [*["Conflict"] * 7, "list"]
    switched = next(outcome for outcome in outcomes if isinstance(outcome, list))
    assert switched == (["Quick", "Deep"] if plan_of(made) == "free" else ["Deep"])
    actions = [action for action, *_ in lines_since(made, before)]
    assert actions == ["plan.changed", *["bot.changed"] * len(switched)]
    assert audit.verify(made.id).problem == ""


@on_both_databases
def test_bots_that_are_changed_while_the_plan_is_are_changed_one_after_the_other(made):
    """No lock is taken in two orders, and no bot is forgotten on a model of the old plan."""
    quick = next(bot for bot in bots.bots_of(made.id) if bot.name == "Quick")

    def act(number: int):
        if number == 0:
            return plan_change.change(made, PLANS["free"], "scale", to_mini=True, actor=RITA)
        return bots.set_enabled(quick, bool(number % 2), RITA)

    outcomes = at_once(6, act)
    assert [outcome for outcome in outcomes if isinstance(outcome, Exception)] == []
    assert set(models_of(made).values()) == {"mevichat:mini"}
    assert audit.verify(made.id).problem == ""


@on_both_databases
def test_when_the_log_cannot_be_written_neither_plan_nor_bots_change(made):
    models = models_of(made)
    engine = session().get_bind()

    def refuse(_connection, _cursor, statement, *_more):
        if statement.startswith("INSERT INTO audit_lines") and refuse.after == 0:
            raise RuntimeError("the log is full")
        refuse.after -= statement.startswith("INSERT INTO audit_lines")

    for refuse.after in (0, 1, 2):
        event.listen(engine, "before_cursor_execute", refuse)
        try:
            with pytest.raises(Exception, match="the log is full"):
                plan_change.change(made, PLANS["free"], "scale", to_mini=True, actor=RITA)
        finally:
            event.remove(engine, "before_cursor_execute", refuse)
        assert (plan_of(made), models_of(made)) == ("scale", models)


def test_a_bot_made_since_the_page_was_read_is_switched_too(made):
    make_bot(made, "gpt-5-mini", name="New")
    names = plan_change.change(made, PLANS["free"], "scale", to_mini=True, actor=RITA)
    assert names == ["Quick", "Deep", "New"]
