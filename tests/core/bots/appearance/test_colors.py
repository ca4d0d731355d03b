"""Colors: what is one, how contrast is measured, and that the nearest readable color reads."""

import colorsys

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.bots.appearance import colors

COLOURS = st.integers(0, 0xFFFFFF).map(lambda number: f"#{number:06x}")


@pytest.mark.parametrize(
    ("typed", "meant"),
    [
        ("#0d6360", "#0d6360"),
        ("0D6360", "#0d6360"),
        (" #abc ", "#aabbcc"),
        ("FFF", "#ffffff"),
    ],
)
def test_a_colour_is_three_or_six_digits(typed, meant):
    assert colors.normal(typed) == meant


@pytest.mark.parametrize(
    "typed", ["", "#", "teal", "#12", "#1234", "#12345", "#1234567", "#ggg", "#١٢٣", "#fff;}"]
)
def test_anything_else_is_none(typed):
    with pytest.raises(ValueError, match="Write it like #0d6360"):
        colors.normal(typed)


@pytest.mark.parametrize(
    ("one", "other", "ratio"),
    [
        ("#000000", "#ffffff", 21.0),
        ("#ffffff", "#ffffff", 1.0),
        ("#777777", "#ffffff", 4.478),
        ("#767676", "#ffffff", 4.542),
        ("#0000ff", "#ffffff", 8.592),
    ],
)
def test_contrast_is_that_of_wcag(one, other, ratio):
    assert colors.contrast(one, other) == pytest.approx(ratio, abs=0.001)
    assert colors.contrast(other, one) == colors.contrast(one, other)


@given(COLOURS)
def test_black_or_white_reads_on_every_colour(ground):
    assert colors.contrast(colors.text_on(ground), ground) >= colors.TEXT
    assert colors.contrast(colors.text_on(ground, "#1f1d1a"), ground) >= colors.TEXT


@given(COLOURS, COLOURS, st.sampled_from([colors.OUTLINE, colors.TEXT]))
def test_the_nearest_readable_colour_reads(color, ground, ratio):
    assert colors.contrast(colors.readable(color, (ground,), ratio), ground) >= ratio


@given(COLOURS, COLOURS)
def test_what_reads_already_stays_as_it_is(color, ground):
    if colors.contrast(color, ground) >= colors.TEXT:
        assert colors.readable(color, (ground,)) == color


def test_the_nearest_is_of_the_same_hue_and_no_further_than_needed():
    found = colors.readable("#19b5ae", ("#ffffff",))
    assert 4.5 <= colors.contrast(found, "#ffffff") < 4.6
    assert hue(found) == pytest.approx(hue("#19b5ae"), abs=0.01)


def test_grounds_without_a_text_in_common_get_the_better_of_black_and_white():
    assert colors.readable("#777777", ("#000000", "#ffffff")) in ("#000000", "#ffffff")


def hue(color):
    return colorsys.rgb_to_hls(*(int(color[at : at + 2], 16) / 255 for at in (1, 3, 5)))[0]
