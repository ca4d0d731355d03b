"""Amounts of money as people write and read them: exact, or refused."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.errors import Invalid
from core.gateway.billing import money


@pytest.mark.parametrize(
    ("text", "microusd"),
    [
        ("0", 0),
        ("25", 25_000_000),
        ("12.5", 12_500_000),
        ("0.000001", 1),
        ("0.1", 100_000),
        ("1000000", 10**12),
        ("9999999.999999", 9_999_999_999_999),
        ("007", 7_000_000),
    ],
)
def test_an_amount_is_read_exactly(text, microusd):
    assert money.parse_usd(text) == microusd


@pytest.mark.parametrize(
    "text",
    [
        *(
            "",
            " ",
            "-5",
            "+5",
            "$5",
            "5 ",
            " 5",
            "5\n",
            "5.",
            ".5",
            "1,000",
            "1_000",
            "1e3",
            "0x10",
        ),
        *("nan", "inf", "five", "1.2.3", "0.0000001", "10000000", "٣", "½", "5\x00"),
    ],
)
def test_nonsense_is_refused(text):
    with pytest.raises(Invalid, match="such as 25 or 12.50"):
        money.parse_usd(text)


@given(st.integers(0, 9_999_999_999_999))
def test_what_is_written_exactly_is_read_as_the_same(microusd):
    assert money.parse_usd(money.format_exact(microusd)) == microusd
    assert money.parse_usd(money.format_usd(microusd).replace("$", "").replace(",", "")) == microusd


@pytest.mark.parametrize(
    ("microusd", "expected", "exact"),
    [
        (0, "$0.00", "0.000000"),
        (1, "$0.000001", "0.000001"),
        (-1, "−$0.000001", "-0.000001"),
        (4_200, "$0.0042", "0.004200"),
        (12_500_000, "$12.50", "12.500000"),
        (-1_012_345_000, "−$1,012.345", "-1012.345000"),
    ],
)
def test_amounts_are_told_with_as_many_places_as_they_have(microusd, expected, exact):
    assert (money.format_usd(microusd), money.format_exact(microusd)) == (expected, exact)
