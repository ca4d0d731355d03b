"""What went wrong at a provider, as data: a kind that code decides by and a sentence for people.

Every text in a `Failure` has been through `scrub`. The table of meanings is `failures.toml`.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from core.http import Cancelled, Cut, HttpError, NotSendable, TimedOut, Unreachable
from core.providers import failure_body
from core.providers.failure_rules import FailureKind, kind_of
from core.providers.scrub import scrub

__all__ = [
    "KEY_FAULTS",
    "Failure",
    "FailureKind",
    "broken_off",
    "classify",
    "from_http",
    "inside",
    "is_key_fault",
    "malformed",
    "truncated",
]

LONGEST_MESSAGE = 300

KEY_FAULTS = frozenset({FailureKind.rejected, FailureKind.no_permission, FailureKind.no_credit})
"""The kinds that make a key invalid: nobody gets an answer with it until somebody acts."""

_BROKEN_OFF = "The provider stopped its answer early: {word}."
_WITHOUT_WORDS = "The provider answered with status {status} and gave no reason."
_REDIRECTED = "The provider answered with a redirect ({status}), which isn’t followed."
_KINDS_OF_HTTP_ERRORS: tuple[tuple[type[HttpError], FailureKind], ...] = (
    (TimedOut, FailureKind.timed_out),
    (Cut, FailureKind.truncated),
    (Cancelled, FailureKind.cancelled),
    (NotSendable, FailureKind.bad_request),
    (Unreachable, FailureKind.unavailable),
)


@dataclass(frozen=True, slots=True)
class Failure:
    """One failed request. `message` is one line of at most 300 characters, without any key."""

    kind: FailureKind
    message: str
    status: int | None = None
    provider_code: str | None = None
    request_id: str | None = None
    retry_after_seconds: float | None = None


def is_key_fault(failure: Failure) -> bool:
    """Whether this failure, alone, is a verdict against the key."""
    return failure.kind in KEY_FAULTS


def classify(
    provider: str, status: int, headers: Mapping[str, str], body: bytes, secret: str | None = None
) -> Failure:
    """The failure that an answer with a bad status describes. Header names in lower case."""
    document = failure_body.document_of(body)
    message = failure_body.message_in(document) or failure_body.plain_text(body)
    return _failure(provider, status, headers, document, message, secret)


def inside(provider: str, document: dict[str, Any], secret: str | None = None) -> Failure | None:
    """The failure in a body or stream event that came under a 2xx, or None if it is none."""
    if not failure_body.has_error(document):
        return None
    status = failure_body.status_in(document) or 200
    return _failure(provider, status, {}, document, failure_body.message_in(document), secret)


def from_http(error: HttpError) -> Failure:
    """The failure that a request without a whole answer is."""
    kinds = (
        kind for kind_of_error, kind in _KINDS_OF_HTTP_ERRORS if isinstance(error, kind_of_error)
    )
    return Failure(next(kinds, FailureKind.malformed), error.message)


def malformed() -> Failure:
    return Failure(FailureKind.malformed, "The provider sent a response that couldn’t be read.")


def broken_off(provider: str, word: str, secret: str | None = None) -> Failure:
    """The failure of an answer that ended by a word which means no end (`formats.endings`)."""
    document = {"error": {"code": word, "message": _BROKEN_OFF.format(word=word)}}
    return _failure(provider, 200, {}, document, failure_body.message_in(document), secret)


def truncated() -> Failure:
    return Failure(FailureKind.truncated, "The answer is incomplete.")


def _failure(
    provider: str,
    status: int,
    headers: Mapping[str, str],
    document: dict[str, Any],
    message: str,
    secret: str | None,
) -> Failure:
    codes = failure_body.codes_in(document, headers)
    request_id = failure_body.request_id_in(document, headers)
    return Failure(
        kind_of(provider, status, codes, message),
        _one_line(message, secret) or _default_message(status),
        status,
        _one_line(codes[0], secret) if codes else None,
        _one_line(request_id, secret) if request_id else None,
        failure_body.retry_after_in(document, headers),
    )


def _default_message(status: int) -> str:
    return (_REDIRECTED if 300 <= status < 400 else _WITHOUT_WORDS).format(status=status)


def _one_line(text: str, secret: str | None) -> str:
    line = re.sub(r"[\s\x00-\x1f\x7f]+", " ", scrub(text, secret)).strip()
    return line if len(line) <= LONGEST_MESSAGE else line[: LONGEST_MESSAGE - 1] + "…"
