"""Filling in the middle, as Codestral does. The answer has the shape of a chat's."""

from core.providers.formats.chat import (
    is_end,
    is_prelude,
    read_answer,
    read_stop,
    read_stream,
    read_usage,
)
from core.providers.formats.fim.requests import write_request

__all__ = [
    "is_end",
    "is_prelude",
    "read_answer",
    "read_stop",
    "read_stream",
    "read_usage",
    "write_request",
]
