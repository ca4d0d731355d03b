"""A bot's avatar: its type is detected from its first bytes, and it is stored as uploaded, never re-encoded.

SVG is not accepted: it can contain scripts.
"""

import hashlib
import io

import imagesize
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
_SHORTEST_BYTES = 13
"""The header of a GIF; those of the other formats are longer."""
_SIGNATURES = (
    (b"\x89PNG\r\n\x1a\n", "image/png"),
    (b"\xff\xd8\xff", "image/jpeg"),
    (b"GIF87a", "image/gif"),
    (b"GIF89a", "image/gif"),
    (b"RIFF", "image/webp"),
)
"""The formats that are served. The library that reads the size accepts more, including SVG."""

Size = tuple[int, int]


def find(bot_id: str) -> BotAvatar | None:
    return session().get(BotAvatar, bot_id)


def digest_of(bot_id: str) -> str:
    """The digest in the avatar's URL; "" without an avatar."""
    return session().scalar(select(BotAvatar.digest).where(BotAvatar.bot_id == bot_id)) or ""


def store(bot: Bot, data: bytes, actor: Actor) -> None:
    """Stores the avatar and shows it. Raises `Invalid` for an unsupported image and `TooLarge`."""
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
    """Deletes the avatar; the title's initials are shown instead."""
    with transaction() as current:
        stored = appearance_changes.locked(current, bot)
        if not changed_one(current, delete(BotAvatar).where(BotAvatar.bot_id == bot.id)):
            return
        audit.record(
            current, stored.workspace_id, actor, "bot.picture_removed", bot.id, name=stored.name
        )
        appearance = appearance_of(stored)
        if appearance.avatar == "picture":
            appearance_changes.put(
                current, stored, appearance.model_copy(update={"avatar": "monogram"}), actor
            )


def checked(data: bytes) -> str:
    """The media type of a valid avatar. Raises `Invalid` or `TooLarge`."""
    if len(data) > MAX_BYTES:
        raise TooLarge(f"The picture can be up to 128 kB; this one is {len(data) / 1024:.0f} kB.")
    found = _read(data)
    if found is None:
        raise Invalid(f"This isn’t a supported image. Use {_KINDS}.", field="picture")
    media_type, (width, height) = found
    if not (0 < width <= MAX_PIXELS and 0 < height <= MAX_PIXELS):
        most, has = f"{MAX_PIXELS} × {MAX_PIXELS}", f"{width} × {height}"
        raise Invalid(
            f"The picture can be up to {most} pixels; this one is {has}.", field="picture"
        )
    return media_type


def _read(data: bytes) -> tuple[str, Size] | None:
    """Media type and size from the file's header; None for any other file."""
    media_type = next((name for begins, name in _SIGNATURES if data.startswith(begins)), None)
    if media_type is None or len(data) < _SHORTEST_BYTES:
        return None
    width, height = imagesize.get(io.BytesIO(data), exif_rotation=False)  # -1 for a broken header
    return None if width < 0 else (media_type, (width, height))
