"""OpenAI's chat completions."""

from core.providers.formats.chat.answers import read_answer, write_answer
from core.providers.formats.chat.reading import read_request
from core.providers.formats.chat.requests import write_request
from core.providers.formats.chat.streams import read_stream, write_stream

__all__ = [
    "read_answer",
    "read_request",
    "read_stream",
    "write_answer",
    "write_request",
    "write_stream",
]
