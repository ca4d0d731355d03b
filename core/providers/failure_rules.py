"""Reads `failures.toml` and finds the meaning of one refusal in it. A pure decision."""

import tomllib
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from importlib.resources import files

_ANY = "any"


class FailureKind(StrEnum):
    """What went wrong, the same for every provider."""

    rejected = "rejected"
    """The key is wrong, revoked or expired."""
    no_permission = "no_permission"
    no_credit = "no_credit"
    rate_limited = "rate_limited"
    window_exhausted = "window_exhausted"
    """A plan's hours or days are used up: the wait is long and ends by itself."""
    overloaded = "overloaded"
    unavailable = "unavailable"
    """A 5xx, or no connection."""
    timed_out = "timed_out"
    model_unavailable = "model_unavailable"
    """Unknown, retired, or not for this key: says nothing against the key."""
    bad_request = "bad_request"
    truncated = "truncated"
    malformed = "malformed"
    transient_auth = "transient_auth"
    """The credentials were refused for a reason that passes, such as a clock that is wrong."""
    cancelled = "cancelled"
    """We ended it ourselves."""


@dataclass(frozen=True)
class Rules:
    """One provider's part of the table."""

    codes: Mapping[str, FailureKind] = field(default_factory=dict)
    keywords: Sequence[tuple[str, FailureKind]] = ()
    statuses: Mapping[int, FailureKind] = field(default_factory=dict)


def load(text: str) -> dict[str, Rules]:
    """The table by provider. Raises ValueError or TypeError where it breaks its own form."""
    return {provider: _rules(**table) for provider, table in tomllib.loads(text).items()}


def _rules(
    codes: Mapping[str, str] | None = None,
    keywords: Sequence[tuple[str, str]] = (),
    statuses: Mapping[str, str] | None = None,
) -> Rules:
    return Rules(
        {code: FailureKind(kind) for code, kind in (codes or {}).items()},
        tuple((words, FailureKind(kind)) for words, kind in keywords),
        {int(status): FailureKind(kind) for status, kind in (statuses or {}).items()},
    )


_TABLE = load(files("core.providers").joinpath("failures.toml").read_text("utf-8"))


def kind_of(provider: str, status: int, codes: Sequence[str], message: str) -> FailureKind:
    """The first rule that fits; never `rejected` from a 429 or 5xx.

    `codes` go from the most telling to the least. A status of 2xx stands for an error in a body
    that began well.
    """
    kind = next(_fitting(provider, status, codes, message), None) or _by_class(status)
    if kind is FailureKind.rejected and (status == 429 or status >= 500):
        return FailureKind.rate_limited if status == 429 else FailureKind.unavailable
    return kind


def _fitting(
    provider: str, status: int, codes: Sequence[str], message: str
) -> Iterator[FailureKind]:
    words = " ".join([*codes, message]).lower()
    for rules in (_TABLE.get(provider, Rules()), _TABLE[_ANY]):
        yield from (rules.codes[code] for code in codes if code in rules.codes)
        yield from (kind for keyword, kind in rules.keywords if keyword in words)
        if status in rules.statuses:
            yield rules.statuses[status]


def _by_class(status: int) -> FailureKind:
    return FailureKind.bad_request if 400 <= status < 500 else FailureKind.unavailable
