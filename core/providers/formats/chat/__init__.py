"""OpenAI's chat completions."""

from core.providers.formats.chat.answers import read_answer, read_stop, read_usage, write_answer
from core.providers.formats.chat.reading import read_request
from core.providers.formats.chat.requests import write_request
from core.providers.formats.chat.streams import is_end, is_prelude, read_stream, write_stream

__all__ = [
    "is_end", "is_prelude", "read_answer", "read_request", "read_stop", "read_stream",
    "read_usage", "write_answer", "write_request", "write_stream",
]  # fmt: skip
