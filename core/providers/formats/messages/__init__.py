"""Anthropic's messages."""

from core.providers.formats.messages.answers import read_answer, read_stop, read_usage, write_answer
from core.providers.formats.messages.reading import read_request
from core.providers.formats.messages.requests import write_request
from core.providers.formats.messages.streams import is_end, is_prelude, read_stream, write_stream

__all__ = [
    "is_end", "is_prelude", "read_answer", "read_request", "read_stop", "read_stream",
    "read_usage", "write_answer", "write_request", "write_stream",
]  # fmt: skip
