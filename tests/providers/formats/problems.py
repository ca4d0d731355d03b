"""A vendor's error as a value, and how the one that a reply asks for is found in its table."""

from collections.abc import Sequence
from dataclasses import dataclass, replace

from ..calls import Call
from ..parts import Failure


@dataclass(frozen=True)
class Problem:
    """A line of a vendor's error table. `cause` is this package's name for it, not for the wire."""

    status: int
    type: str | None
    message: str
    code: str | None = None
    param: str | None = None
    cause: str | None = None
    retry_after_seconds: int | None = None


def problem_for(table: Sequence[Problem], failure: Failure) -> Problem:
    """The first line that fits the failure best, with the failure's own words in place of its."""
    found = _best(table, failure)
    return replace(
        found,
        type=failure.type or found.type,
        code=failure.code or found.code,
        message=failure.message or found.message,
    )


def _best(table: Sequence[Problem], failure: Failure) -> Problem:
    wanted = {
        name: value
        for name, value in vars(failure).items()
        if value is not None and name != "message"
    }
    fitting = [line for line in table if failure.status in (None, line.status)]
    best = max(fitting, key=lambda line: _agreement(line, wanted), default=None)
    if best is None or not _agreement(best, wanted):
        return Problem(failure.status or 500, type="api_error", message="The request failed.")
    return best


def _agreement(line: Problem, wanted: dict[str, object]) -> int:
    return sum(getattr(line, name) == value for name, value in wanted.items())


def addressed(problem: Problem, call: Call) -> Problem:
    """The problem with the caller's key and model in its message, where the vendor puts them."""
    return replace(problem, message=fill(problem.message.encode(), call).decode())


def fill(text: bytes, call: Call) -> bytes:
    """The text with {key}, {starred_key} and {model} replaced by the caller's."""
    for name, value in (
        (b"{key}", call.key),
        (b"{starred_key}", starred(call.key)),
        (b"{model}", call.model),
    ):
        text = text.replace(name, value.encode())
    return text


def starred(key: str) -> str:
    """The key as OpenAI repeats it: eight characters, stars, four characters."""
    if len(key) <= 12:
        return "*" * len(key)
    return key[:8] + "*" * (len(key) - 12) + key[-4:]
