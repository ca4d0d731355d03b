"""The wire formats that programs and providers speak, each written once: the only place that knows them.

Every request and answer goes through plain data (`request`, `response`), so that a format is written
once and not once for each pair. Bots and key checks write a request and read the answer; the gateway
also reads a program's request and writes its answer. What cannot be translated is refused by name,
never dropped.
"""

from typing import cast

from core.providers.formats import chat, converse, errors, fim, messages, responses
from core.providers.formats.response import Format

__all__ = ["FORMATS", "errors"]

FORMATS: dict[str, Format] = {
    "chat": chat,
    "responses": responses,
    "messages": messages,
    # Of providers only: no program speaks these here.
    "converse": cast(Format, converse),
    "fim": cast(Format, fim),
}
"""By the name that a provider's `paths` have for it."""
