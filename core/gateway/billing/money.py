"""Money between people and the ledger: whole micro-dollars there, exact decimals here, never a float."""

import re

from core.errors import Invalid

_PER_DOLLAR = 1_000_000
_AMOUNT = re.compile(r"([0-9]{1,7})(?:\.([0-9]{1,6}))?")


def parse_usd(text: str) -> int:
    """`12.5` as 12 500 000. Raises `Invalid` for what is no amount."""
    found = _AMOUNT.fullmatch(text)
    if not found:
        raise Invalid(
            "Enter an amount in US dollars with at most six decimals, such as 25 or 12.50."
        )
    whole, part = found.groups(default="")
    return int(whole) * _PER_DOLLAR + int(part.ljust(6, "0"))


def format_exact(microusd: int) -> str:
    """`-0.004200`: all six places, for files and programs."""
    whole, part = divmod(abs(microusd), _PER_DOLLAR)
    return f"{'-' if microusd < 0 else ''}{whole}.{part:06}"


def format_usd(microusd: int) -> str:
    """`$1,012.50`, `−$0.0042`: two places, and as many more as it has."""
    whole, part = divmod(abs(microusd), _PER_DOLLAR)
    places = f"{part:06}".rstrip("0").ljust(2, "0")
    return f"{'−' if microusd < 0 else ''}${whole:,}.{places}"
