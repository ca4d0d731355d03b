"""Faithful translation between the formats that programs and providers speak.

Every request and answer goes through plain data (`asked`, `answered`), so that each format is written
once and not once for each pair. What cannot be carried over is refused by name, never dropped.
"""

from typing import cast

from core.providers.formats import chat, converse, errors, messages, responses
from core.providers.formats.response import Format

__all__ = ["FORMATS", "errors"]

FORMATS: dict[str, Format] = {
    "chat": chat,
    "responses": responses,
    "messages": messages,
    "converse": cast(Format, converse),  # A provider's only: it has no half for programs.
}
