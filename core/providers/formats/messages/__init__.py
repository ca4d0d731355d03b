"""Anthropic's messages."""

from core.providers.formats.messages.answers import read_answer, write_answer
from core.providers.formats.messages.reading import read_request
from core.providers.formats.messages.requests import write_request
from core.providers.formats.messages.streams import read_stream, write_stream

__all__ = [
    "read_answer",
    "read_request",
    "read_stream",
    "write_answer",
    "write_request",
    "write_stream",
]
