"""Output limits of requests, and a check that providers read them as we do.

Providers ignore limits of other formats, and some ignore case, take the last of two equal names, or
parse strings as numbers. The balance pays only for requests that have one reading.
"""

import re
from collections.abc import Iterator, Mapping
from typing import Any

from core.errors import Invalid
from core.gateway.calls import Call
from core.providers.documents import repeated_member

_OWN_LIMITS = {
    "chat": ("max_completion_tokens", "max_tokens"),
    "responses": ("max_output_tokens",),
    "messages": ("max_tokens",),
    "completions": ("max_tokens",),
    "fim": ("max_tokens",),
}
_OWN_COUNTS = {"chat": ("n",), "completions": ("n", "best_of")}
_BUDGETS = (("thinking", "budget_tokens"), ("reasoning", "max_tokens"))
"""Limits on reasoning tokens, which some providers count separately."""
_NAME = re.compile(r"[a-z0-9_.\-]{1,64}")
_LIMIT = re.compile(r"max\w*?(?:token|len|output|completion|response)|n(?:um)?predict")
_COUNT = re.compile(
    r"n|best_?of|(?:num|n)_?(?:return_?sequences|completions|generations|samples|beams|candidates)"
    r"|candidate_?count|beam_?width"
)
_WRAPPERS = ("extra_body", "generation_config", "inference_config", "options", "parameters")
"""Objects in which other formats keep their limits."""
_CONTENT = (
    *("messages", "input", "system", "prompt", "tools", "functions", "metadata", "client_metadata"),
    *("response_format", "output_format", "output_config", "text", "logit_bias", "tool_choice"),
)
"""Fields whose inner names the client chooses."""

_OTHERWISE = "or add your own key in the console, under Provider keys."
_FOREIGN = "“{name}” isn’t a field that the balance can pay for at this endpoint. Remove it, "
_TWICE = "“{name}” occurs more than once in the same object. Send it once, "
_NO_COUNT = "“{name}” has to be a whole number above 0. Correct it, "


def limits_of(call: Call) -> dict[str, int]:
    """The output limits and thinking budgets of a request that `check` accepts, by name."""
    named = {name: call.document.get(name) for name in _OWN_LIMITS.get(call.route, ())}
    named |= {f"{outer}.{name}": value for outer, name, value in _budgets(call.document)}
    return {name: value for name, value in named.items() if value is not None}


def answers_of(call: Call) -> int:
    """How many answers the provider generates for each prompt, including discarded ones (`best_of`)."""
    names = _OWN_COUNTS.get(call.route, ())
    return max((call.document.get(name) or 1 for name in names), default=1)


def check(call: Call) -> None:
    """Raises `Invalid` for the first field that would make the cost unbounded or ambiguous."""
    if twice := repeated_member(call.body):
        raise _refused(_TWICE, twice)
    for name, value in call.document.items():
        if value is not None and _is_foreign(name, call.route):
            raise _refused(_FOREIGN, name)
    for name in _foreign_inside(call.document):
        raise _refused(_FOREIGN, name)
    counts = {name: call.document.get(name) for name in _OWN_COUNTS.get(call.route, ())}
    for name, value in (limits_of(call) | counts).items():
        if value is not None and (type(value) is not int or value < 1):
            raise _refused(_NO_COUNT, name)


def _is_foreign(name: str, route: str) -> bool:
    """Whether it is another format's limit or count, or a variant spelling of one."""
    if name in _OWN_LIMITS.get(route, ()) or name in _OWN_COUNTS.get(route, ()):
        return False
    return name in _WRAPPERS or _is_limit(name)


def _is_limit(name: str) -> bool:
    if not _NAME.fullmatch(name):
        return True
    plain = name.replace("-", "_").replace(".", "_")
    squeezed = plain.replace("_", "")
    return bool(_LIMIT.match(squeezed) or _COUNT.fullmatch(plain))


def _foreign_inside(document: Mapping[str, Any]) -> Iterator[str]:
    """The paths of limits inside nested objects."""
    allowed = {f"{outer}.{name}" for outer, name in _BUDGETS}
    left = [(name, value) for name, value in document.items() if name not in _CONTENT]
    while left:
        path, value = left.pop()
        inner = value.items() if isinstance(value, dict) else ()
        for name, one in inner:
            here = f"{path}.{name}"
            if one is not None and here not in allowed and _is_limit(name):
                yield here
            left.append((here, one))


def _budgets(document: Mapping[str, Any]) -> Iterator[tuple[str, str, Any]]:
    for outer, name in _BUDGETS:
        settings = document.get(outer)
        if isinstance(settings, dict):
            yield outer, name, settings.get(name)


def _refused(sentence: str, name: str) -> Invalid:
    return Invalid(sentence.format(name=name[:60]) + _OTHERWISE, name)
