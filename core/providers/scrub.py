"""Takes everything that looks like a key out of a text before anybody reads or stores it."""

import re

from core.providers.auth import aws

LONGEST = 64 * 1024
_RUN = 8
_MARK = "[key]"


def _tail(least: int) -> str:
    """What follows a key's prefix, an echo's stars and dots included, but not a full stop."""
    return rf"[\w\-.+/=*•…]{{{least},}}(?<!\.)"


_KEYS = re.compile(
    r"(?<![A-Za-z0-9])(?:"
    rf"sk-{_tail(6)}"  # Anthropic, OpenAI, OpenRouter, DeepSeek, Moonshot, MiniMax, Xiaomi
    rf"|sk_{_tail(8)}"  # Novita, Inception
    rf"|AIza{_tail(8)}|AQ\.[\w\-*]{{16,}}"  # Google
    rf"|A[KS]IA[A-Z0-9*]{{8,}}|ABSK{_tail(8)}|bedrock-api-key-{_tail(4)}"  # Bedrock
    r"|(?:xai|pplx)-[A-Za-z0-9_*]{12,}"
    r"|fw_[A-Za-z0-9*]{8,}"  # Fireworks
    r"|tp-[\w\-*]{12,}"  # Xiaomi's Token Plan
    r"|[0-9a-fA-F]{32}\.[A-Za-z0-9*]{8,}"  # Z.ai
    r"|ey[A-Z][\w\-]{16,}(?:\.[\w\-]*){0,2}"  # a JWT, as MiniMax has them
    r"|mv[a-z]{1,2}_[A-Za-z0-9]{36,}"  # our own tokens
    r")"
    r"|(?<![\w\-])[\w\-]*T3BlbkFJ[\w\-]*"  # inside every key of OpenAI's
    r"|(?:(?<![\w\-.])[\w\-.]{1,64})?(?:\*{3,}|•{3,})[\w\-*•]*"  # any echo in stars or bullets
)
_HEADER_NAME = re.compile(r"[a-z0-9_-]{1,60}")
_HEADER_VALUE = re.compile(r"[\x20-\x7e]{1,200}")
_MARKS = re.compile(rf"(?:{re.escape(_MARK)})+")


def scrub(text: str, secret: str | None = None) -> str:
    """The text with "[key]" for every key in it, whole or starred, of any provider.

    Of `secret`, no eight characters in a row remain. Text past 64 Ki characters is dropped, so that
    the cost has an end.
    """
    if len(text) > LONGEST:
        last_space = max(text.rfind(space, 0, LONGEST) for space in " \n")
        text = text[: last_space + 1] + "…"  # No half of a key is left at the end.
    for part in aws.secrets_in(secret) if secret and secret.startswith("{") else [secret or ""]:
        if len(part) >= _RUN:
            text = _without_runs(text, part)
    return _MARKS.sub(_MARK, _KEYS.sub(_MARK, text))


def is_harmless_header(name: str, text: str, secret: str) -> bool:
    """Whether a provider's header can be passed on: short, of plain characters, and without a key."""
    is_plain = _HEADER_NAME.fullmatch(name) and _HEADER_VALUE.fullmatch(text)
    return bool(is_plain) and scrub(name, secret) == name and scrub(text, secret) == text


def _without_runs(text: str, secret: str) -> str:
    """The text with a mark for each run of eight characters or more that is also in the secret."""
    runs = {secret[start : start + _RUN] for start in range(len(secret) - _RUN + 1)}
    kept: list[str] = []
    hidden_until = -1
    for start in range(len(text) - _RUN + 1):
        if text[start : start + _RUN] in runs:
            if start > hidden_until:
                kept += [text[max(hidden_until, 0) : start], _MARK]
            hidden_until = start + _RUN
    return "".join([*kept, text[max(hidden_until, 0) :]])
