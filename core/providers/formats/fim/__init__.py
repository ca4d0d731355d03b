"""Fill-in-the-middle requests, as Codestral takes them. The answer has the shape of a chat's."""

from core.providers.formats import chat
from core.providers.formats.fim.requests import write_request

__all__ = [
    "is_end", "is_prelude", "read_answer", "read_stop", "read_stream", "read_usage", "write_request",
]  # fmt: skip

is_end, is_prelude, read_answer = chat.is_end, chat.is_prelude, chat.read_answer
read_stop, read_stream, read_usage = chat.read_stop, chat.read_stream, chat.read_usage
