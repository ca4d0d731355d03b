"""How an answer ended, by its provider's own word. A word that no table knows is a failure.

A provider that breaks off says so in a word of its own (`network_error`, `abort`, `malformed_tool_use`).
Taken for an end, half an answer would be stored, cached and charged as a whole one.
"""

from collections.abc import Mapping

from core.http import HttpError
from core.providers import failures
from core.providers.documents import Malformed
from core.providers.failures import Failure
from core.providers.formats.response import StopReason


class BrokenOff(Malformed):
    """The answer ended by a word that means no end. `word` is the provider's own."""

    def __init__(self, word: str) -> None:
        super().__init__()
        self.word = word


class Reported(Malformed):
    """An event of a stream that reports a failure in place of more of the answer."""

    def __init__(self, failure: Failure) -> None:
        super().__init__()
        self.failure = failure


def reason_of(word: str, known: Mapping[str, StopReason]) -> StopReason:
    """What a word means in a format's table. Raises `BrokenOff`."""
    reason = known.get(word)
    if reason is None:
        raise BrokenOff(word)
    return reason


def failure_of(error: HttpError | Malformed, provider: str, secret: str) -> Failure:
    """The failure that an answer is whose reading raised this."""
    if isinstance(error, HttpError):
        return failures.from_http(error)
    if isinstance(error, Reported):
        return error.failure
    if isinstance(error, BrokenOff):
        return failures.broken_off(provider, error.word, secret)
    return failures.malformed()
