"""The picture at the head of a bot's chat: told by its first bytes, kept as it was uploaded, never redrawn.

An SVG is none: it can hold scripts, and everything else that a page can.
"""

import hashlib
from collections.abc import Callable

from sqlalchemy import delete, select

from core.accounts import audit
from core.accounts.actor import Actor
from core.bots.appearance import changes as appearance_changes
from core.bots.appearance.appearance import appearance_of
from core.bots.models import Bot, BotAvatar
from core.db import changed_one, session, transaction
from core.errors import Invalid, TooLarge

MAX_BYTES = 128 * 1024
MAX_PIXELS = 2048
_KINDS = "PNG, JPEG, WebP or GIF"
_NO_SIZE = (0xC4, 0xC8, 0xCC)
"""JPEG segments among those of the frames that are none: tables and an extension."""

Size = tuple[int, int]


def of(bot_id: str) -> BotAvatar | None:
    return session().get(BotAvatar, bot_id)


def digest_of(bot_id: str) -> str:
    """What its address carries; "" for no picture."""
    return session().scalar(select(BotAvatar.digest).where(BotAvatar.bot_id == bot_id)) or ""


def put(bot: Bot, data: bytes, actor: Actor) -> None:
    """Stores and shows it; raises `Invalid` or `TooLarge` for what is no small picture."""
    media_type = checked(data)
    digest = hashlib.sha256(data).hexdigest()[:16]
    with transaction() as current:
        stored = appearance_changes.locked(current, bot)
        current.execute(delete(BotAvatar).where(BotAvatar.bot_id == bot.id))
        current.add(BotAvatar(bot_id=bot.id, media_type=media_type, content=data, digest=digest))
        audit.record(
            current, stored.workspace_id, actor, "bot.picture_set", bot.id, name=stored.name
        )
        shown = appearance_of(stored).model_copy(update={"avatar": "picture"})
        appearance_changes.put(current, stored, shown, actor)


def remove(bot: Bot, actor: Actor) -> None:
    """The first letters of the title stand there again."""
    with transaction() as current:
        stored = appearance_changes.locked(current, bot)
        if not changed_one(current, delete(BotAvatar).where(BotAvatar.bot_id == bot.id)):
            return
        audit.record(
            current, stored.workspace_id, actor, "bot.picture_removed", bot.id, name=stored.name
        )
        look = appearance_of(stored)
        if look.avatar == "picture":
            appearance_changes.put(
                current, stored, look.model_copy(update={"avatar": "monogram"}), actor
            )


def checked(data: bytes) -> str:
    """Its media type."""
    if len(data) > MAX_BYTES:
        raise TooLarge(f"The picture can have 128 kB; this has {len(data) / 1024:.0f} kB.")
    found = _read(data)
    if found is None:
        raise Invalid(f"This is not a picture that can be shown. Use {_KINDS}.", field="picture")
    media_type, (width, height) = found
    if not (0 < width <= MAX_PIXELS and 0 < height <= MAX_PIXELS):
        most, has = f"{MAX_PIXELS} × {MAX_PIXELS}", f"{width} × {height}"
        raise Invalid(f"The picture can have {most} pixels; this has {has}.", field="picture")
    return media_type


def _read(data: bytes) -> tuple[str, Size] | None:
    for begins, media_type, size_of in _FORMATS:
        if data.startswith(begins) and (size := size_of(data)):
            return media_type, size
    return None


def _png(data: bytes) -> Size | None:
    if len(data) < 33 or data[12:16] != b"IHDR":
        return None
    return int.from_bytes(data[16:20]), int.from_bytes(data[20:24])


def _gif(data: bytes) -> Size | None:
    if len(data) < 13:
        return None
    return int.from_bytes(data[6:8], "little"), int.from_bytes(data[8:10], "little")


def _jpeg(data: bytes) -> Size | None:
    """Walks from segment to segment until the one that begins a frame."""
    at = 2
    while at + 9 <= len(data) and data[at] == 0xFF:
        kind, length = data[at + 1], int.from_bytes(data[at + 2 : at + 4])
        if 0xC0 <= kind <= 0xCF and kind not in _NO_SIZE:
            return int.from_bytes(data[at + 7 : at + 9]), int.from_bytes(data[at + 5 : at + 7])
        at += 1 if kind == 0xFF else 2 + max(length, 2)
    return None


def _webp(data: bytes) -> Size | None:
    if data[8:12] != b"WEBP" or len(data) < 30:
        return None
    kind = data[12:16]
    if kind == b"VP8X":
        return 1 + int.from_bytes(data[24:27], "little"), 1 + int.from_bytes(data[27:30], "little")
    if kind == b"VP8L" and data[20] == 0x2F:
        bits = int.from_bytes(data[21:25], "little")
        return 1 + (bits & 0x3FFF), 1 + (bits >> 14 & 0x3FFF)
    if kind == b"VP8 " and data[23:26] == b"\x9d\x01\x2a":
        width, height = data[26:28], data[28:30]
        return int.from_bytes(width, "little") & 0x3FFF, int.from_bytes(height, "little") & 0x3FFF
    return None


_FORMATS: tuple[tuple[bytes, str, Callable[[bytes], Size | None]], ...] = (
    (b"\x89PNG\r\n\x1a\n", "image/png", _png),
    (b"\xff\xd8\xff", "image/jpeg", _jpeg),
    (b"GIF87a", "image/gif", _gif),
    (b"GIF89a", "image/gif", _gif),
    (b"RIFF", "image/webp", _webp),
)
