"""A visitor's rating of an answer: thumbs up, thumbs down, or removed."""

from typing import Any

from sqlalchemy import update

from core.bots.models import COMPLETE, Message
from core.db import changed_one, session, transaction
from core.errors import Conflict, Invalid

_THUMBS = {1: 1, -1: -1, 0: None}


def set_thumb(answer: Message, thumb: Any) -> None:
    """Stores the rating. Raises `Invalid`, or `Conflict` if the answer is not complete."""
    if isinstance(thumb, bool) or not isinstance(thumb, int) or thumb not in _THUMBS:
        raise Invalid("Send “thumb” as 1 for up, -1 for down, or 0 to remove the rating.")
    with transaction() as current:
        statement = update(Message).where(Message.id == answer.id, Message.status == COMPLETE)
        if not changed_one(current, statement.values(feedback=_THUMBS[thumb])):
            raise Conflict("Only a complete answer can be rated.")
    session().refresh(answer)
