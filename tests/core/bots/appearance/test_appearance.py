"""A look: what may be chosen, what is stored of it, and that whatever was chosen can be read."""

import re
from typing import get_args

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from core.accounts import audit
from core.accounts.actor import OPERATOR, Actor
from core.accounts.models import Workspace
from core.bots import bots
from core.bots.appearance import appearance, presets, theme
from core.bots.appearance import changes as appearance_changes
from core.bots.appearance import contrast as contrast_rules
from core.bots.appearance.appearance import DEFAULTS, FACTS, Appearance
from core.bots.appearance.colors import OUTLINE, TEXT, contrast
from core.db import session
from core.errors import Invalid, PlanDoesNotAllow
from core.plans import PLANS
from tests.databases import on_both_databases
from tests.house.sources import ROOT

RITA = Actor("Rita", "192.0.2.1", "psn_rita")
COLORS = st.integers(0, 0xFFFFFF).map(lambda number: f"#{number:06x}")
TOKENS = (ROOT / "web" / "static" / "css" / "tokens.css").read_text()

TEXTS_ON = {
    "--ink": ("--paper", "--paper-side", "--paper-sunken", "--paper-float", "--accent-soft"),
    "--ink-soft": ("--paper", "--paper-sunken", "--paper-float"),
    "--ink-faint": ("--paper", "--paper-sunken", "--paper-float"),
    "--accent": ("--paper", "--paper-sunken", "--paper-float", "--accent-soft"),
    "--accent-strong": ("--paper", "--paper-sunken", "--accent-soft"),
    "--on-accent": ("--accent",),
    "--red-4": ("--paper", "--paper-sunken"),
    "--on-fill": ("--fill", "--fill-strong"),
    "--on-header": ("--header", "--header-sunken"),
    "--on-header-soft": ("--header", "--header-sunken"),
    "--on-visitor": ("--visitor",),
    "--on-answer": ("--answer", "--answer-sunken"),
    "--on-answer-soft": ("--answer", "--answer-sunken"),
    "--link": ("--answer", "--answer-sunken"),
}
OUTLINES_ON = {
    "--focus": ("--paper", "--paper-sunken", "--paper-float"),
    "--line-control": ("--paper", "--paper-float"),
}


def own(name):
    """A strategy for one field: mostly ours, else anything that a form may hold."""
    facts = FACTS[name]
    if "enum" in facts:
        return st.sampled_from(facts["enum"])
    if "minimum" in facts:
        return st.integers(facts["minimum"], facts["maximum"])
    if facts["type"] == "boolean":
        return st.booleans()
    if facts.get("format") == "color":
        return COLORS
    return st.just(facts["default"])


LOOKS = st.fixed_dictionaries({}, optional={name: own(name) for name in FACTS})


def made_valid(values):
    """As an owner would who takes every color that is offered."""
    chosen = Appearance.model_validate(values)
    for _ in range(len(FACTS)):
        found = contrast_rules.problems(chosen)
        if not found:
            return chosen
        better = {problem.field: problem.better or "#336699" for problem in found}
        chosen = chosen.model_copy(update=better)
    raise AssertionError(f"{found} is never mended")


def in_mode(value, mode):
    both = re.fullmatch(r"light-dark\((\S+), (\S+)\)", value)
    return both[1 if mode == "light" else 2] if both else value


def ground(colors, name):
    """An answer without a bubble stands on the paper."""
    value = colors[name]
    return colors["--paper"] if value == "transparent" else value


@settings(max_examples=150)
@given(LOOKS)
def test_every_text_of_every_look_reads_and_every_outline_is_seen(values):
    chosen = made_valid(values)
    for mode in contrast_rules.shown_modes(chosen):
        colors = {name: in_mode(value, mode) for name, value in theme.variables(chosen).items()}
        for pairs, ratio in ((TEXTS_ON, TEXT), (OUTLINES_ON, OUTLINE)):
            for text, grounds in pairs.items():
                for name in grounds:
                    measured = contrast(colors[text], ground(colors, name))
                    assert measured >= ratio, (mode, text, name, measured, chosen.changed())
        failure_box = contrast(colors["--red-4"], theme.BAD[mode][0])
        launcher = theme.launcher_of(chosen)
        assert failure_box >= TEXT
        assert contrast(launcher.ink, launcher.paper) >= TEXT


def test_a_palette_without_choices_is_that_of_the_tokens():
    """The papers, inks and reds that the palette starts from are those of tokens.css."""
    said = {mode: (theme.PAPER[mode], theme.INK[mode], *theme.BAD[mode]) for mode in theme.MODES}
    names = ("grey-0", "grey-8", "red-1", "red-4")
    for name, light, dark in zip(names, said["light"], said["dark"], strict=True):
        assert f"--{name}: light-dark({light}, {dark});" in TOKENS


@pytest.mark.parametrize("mode", ["light", "dark"])
def test_a_mode_that_is_chosen_is_the_only_one(mode):
    assert f"color-scheme: {mode};" in theme.css(Appearance.model_validate({"mode": mode}))
    assert "color-scheme" not in theme.css(DEFAULTS)


def test_the_stylesheet_holds_one_rule_and_its_digest_changes_with_it():
    sheet = theme.css(DEFAULTS)
    assert sheet.count("{") == sheet.count("}") == 1
    other = Appearance.model_validate({"radius": 11})
    assert theme.digest(other) != theme.digest(DEFAULTS)
    assert theme.digest(Appearance.model_validate({"title": "Not in it"})) == theme.digest(DEFAULTS)


def test_a_link_is_lightened_in_the_mode_that_its_owner_did_not_think_of():
    link = theme.variables(Appearance.model_validate({"link": "#0b3d91"}))["--link"]
    assert in_mode(link, "light") == "#0b3d91"
    assert in_mode(link, "dark") != "#0b3d91"


# What may be chosen


@pytest.mark.parametrize("name", [name for name in FACTS if "minimum" in FACTS[name]])
def test_numbers_end_at_their_bounds(name):
    least, most = FACTS[name]["minimum"], FACTS[name]["maximum"]
    for value in (least, str(most)):
        assert appearance_changes.read({name: value}, DEFAULTS)[1] == []
    for value in (least - 1, str(most + 1), "", "many", "9" * 5_000, None):
        chosen, (problem,) = appearance_changes.read({name: value}, DEFAULTS)
        assert problem.field == name
        assert f"from {least} to {most}" in problem.sentence
        assert chosen == DEFAULTS


@pytest.mark.parametrize("name", [name for name in FACTS if "maxLength" in FACTS[name]])
def test_words_end_at_their_length_and_stand_on_one_line(name):
    start = "https://a.example/" if name.endswith("_url") else ""
    most = FACTS[name]["maxLength"]
    fits = start + "x" * (most - len(start))
    assert getattr(appearance_changes.read({name: f" {fits}\n"}, DEFAULTS)[0], name) == fits
    _, (problem,) = appearance_changes.read({name: fits + "x"}, DEFAULTS)
    assert (
        problem.sentence
        == f"{FACTS[name]['title']}: {most} characters at most; this has {most + 1}."
    )


@pytest.mark.parametrize("name", [name for name in FACTS if "enum" in FACTS[name]])
def test_a_choice_is_one_of_those_offered(name):
    _, (problem,) = appearance_changes.read({name: "sideways"}, DEFAULTS)
    assert problem.sentence == f"{FACTS[name]['title']}: choose one of the options."


@pytest.mark.parametrize(
    "url",
    [
        "javascript:alert(1)",
        "//a.example",
        "example.com",
        "https://",
        "https://[",
        "ftp://a.example",
    ],
)
def test_an_address_is_one_of_the_web(url):
    _, (problem,) = appearance_changes.read({"privacy_url": url}, DEFAULTS)
    assert "Write it like https://example.com/privacy." in problem.sentence


def test_every_problem_is_told_at_once_and_the_rest_is_taken():
    typed = {"accent": "teal", "radius": "99", "title": "Ask us", "unknown": "x"}
    chosen, found = appearance_changes.read(typed, DEFAULTS)
    assert {problem.field for problem in found} == {"accent", "radius"}
    assert chosen.changed() == {"title": "Ask us"}


# What can be read


@pytest.mark.parametrize(
    ("values", "field"),
    [
        ({"accent": "#ffd400", "accent_text": "#ffffff"}, "accent_text"),
        ({"header": "accent", "header_text": "#0d6361"}, "header_text"),
        ({"header": "accent", "header_background": "#eeeeee", "header_text": "#ffffff"}, "header_text"),
        ({"visitor_background": "#336699", "visitor_text": "#335577"}, "visitor_text"),
        ({"link": "#cccccc"}, "link"),
        ({"link": "#222222", "mode": "dark"}, "link"),
        ({"link": "#ffffff", "answer_background": "#eeeeee"}, "link"),
        ({"background_light": "#333333"}, "background_light"),
        ({"background_dark": "#cccccc"}, "background_dark"),
    ],
)  # fmt: skip
def test_what_cannot_be_read_is_refused_with_what_was_measured_and_what_would_do(values, field):
    chosen, (problem,) = appearance_changes.read(values, DEFAULTS)
    assert problem.field == field
    assert re.search(r"a contrast of \d+\.\d:1 and needs (4.5|7.0):1\.", problem.sentence)
    assert problem.better in problem.sentence
    assert contrast_rules.problems(chosen.model_copy(update={field: problem.better})) == []


@pytest.mark.parametrize(
    "values",
    [
        {"header": "plain", "header_text": "#0d6361"},
        {"mode": "dark", "background_light": "#333333"},
        {"mode": "light", "background_dark": "#cccccc"},
        {"link": "#0b3d91"},
        {"accent": "#ffd400"},
    ],
)
def test_what_does_not_show_or_is_mended_by_us_is_not_refused(values):
    assert appearance_changes.read(values, DEFAULTS)[1] == []


def test_a_text_needs_its_bubble():
    _, (problem,) = appearance_changes.read({"visitor_text": "#000000"}, DEFAULTS)
    assert (problem.field, problem.better) == ("visitor_background", "")


@pytest.mark.parametrize(("text", "refused"), [("#767676", False), ("#777777", True)])
def test_the_bound_is_4_5(text, refused):
    values = {"visitor_background": "#ffffff", "visitor_text": text}
    assert bool(contrast_rules.problems(Appearance.model_validate(values))) is refused


# What is stored


@on_both_databases
def test_only_what_differs_is_stored_and_the_log_names_the_fields(workspace, bot):
    chosen = Appearance.model_validate({"accent": "#7a2e8e", "radius": 10, "title": "Ask us"})
    appearance_changes.save(workspace, bot, chosen, RITA)
    assert stored(bot).look == {"accent": "#7a2e8e", "title": "Ask us"}
    line = lines(workspace, "bot.look_changed")[0]
    assert line.details == {"name": "Support", "fields": ["accent", "title"]}
    assert (line.actor, line.subject) == ("Rita", bot.id)


def test_saving_the_same_again_says_nothing(workspace, bot):
    for _ in range(2):
        appearance_changes.save(workspace, bot, Appearance.model_validate({"radius": 4}), RITA)
    assert len(lines(workspace, "bot.look_changed")) == 1


def test_what_cannot_be_read_is_not_stored_whoever_asks(workspace, bot):
    with pytest.raises(Invalid, match="needs 4.5:1"):
        appearance_changes.save(
            workspace, bot, Appearance.model_validate({"link": "#cccccc"}), RITA
        )
    assert stored(bot).look == {}


def test_a_reset_leaves_ours(workspace, bot):
    appearance_changes.save(workspace, bot, presets.PRESETS[1].appearance, RITA)
    appearance_changes.reset(bot, RITA)
    assert stored(bot).look == {}
    assert appearance.appearance_of(stored(bot)) == DEFAULTS


def test_what_another_version_stored_is_ours_again_where_it_is_none_any_more():
    kept = appearance.usable(
        {"accent": "#123456", "radius": 99, "mode": "sepia", "gone": True, "title": 5}
    )
    assert kept.changed() == {"accent": "#123456"}


@pytest.mark.parametrize("plan", PLANS)
def test_only_paid_organizations_leave_our_name_out(app, plan):
    hidden = Appearance.model_validate({"powered_by": False})
    shown = appearance.shows_branding(hidden, PLANS[plan])
    assert shown is not (PLANS[plan].kind == "organization" and PLANS[plan].provider_keys)
    assert appearance.shows_branding(DEFAULTS, PLANS[plan])


def test_a_plan_that_does_not_hide_our_name_says_which_do(app, workspace, bot):
    hidden = Appearance.model_validate({"powered_by": False})
    free = Workspace(id=workspace.id, kind="organization", plan_key="free")
    with pytest.raises(
        PlanDoesNotAllow, match="stays on the Free plan. You can hide it on Pro and Scale"
    ):
        appearance_changes.save(free, bot, hidden, OPERATOR)
    appearance_changes.save(workspace, bot, hidden, OPERATOR)
    appearance_changes.save(free, bot, hidden.model_copy(update={"radius": 3}), OPERATOR)
    assert stored(bot).look == {"powered_by": False, "radius": 3}


# The presets


def test_there_are_six_presets_and_each_can_be_read():
    assert [preset.name for preset in presets.PRESETS] == [
        "Harbour", "Graphite", "Meadow", "Sunrise", "Plum", "Paper",
    ]  # fmt: skip
    for preset in presets.PRESETS:
        assert contrast_rules.problems(preset.appearance) == []
        assert set(preset.fields) <= set(presets.TOUCHED)
        assert presets.find(preset.key) is preset


def test_a_preset_leaves_words_and_places_alone():
    mine = Appearance.model_validate(
        {"title": "Ask us", "side": "left", "accent": "#123456", "link": "#123456"}
    )
    plum = presets.PRESETS[4]
    assert presets.applied(plum, mine).changed() == {
        **plum.fields,
        "title": "Ask us",
        "side": "left",
    }


def stored(bot):
    session().commit()
    session().expire_all()
    return bots.get(bot.workspace_id, bot.id)


def lines(workspace, action):
    return [line for line in audit.lines_of(workspace.id) if line.action == action]


def test_the_choices_are_those_of_the_contract():
    assert get_args(Appearance.model_fields["language"].annotation) == (
        "auto", "en", "de", "fr", "es", "pt", "ja", "ar",
    )  # fmt: skip
