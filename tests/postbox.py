"""What the product mailed to somebody, read where it waits to be sent."""

import re

from sqlalchemy import select

from core.db import session
from core.outbox import deliveries
from core.outbox.models import EMAIL, Delivery


def emails_to(email: str, template: str = "") -> list[str]:
    """Subject and text of each, the oldest first."""
    session().commit()
    found = select(Delivery).where(Delivery.channel == EMAIL, Delivery.recipient == email)
    rows = session().scalars(found.order_by(Delivery.id).execution_options(populate_existing=True))
    contents = [deliveries.content_of(row) for row in rows if row.event in (template or row.event,)]
    return [f"{content['subject']}\n\n{content['text']}" for content in contents]


def link_in(email: str) -> str:
    """The path of the first link with a token in it."""
    found = re.search(r"https?://[^/\s]+(/[\w-]+/mv[a-z]_\w+)", email)
    assert found, email
    return found[1]


def token_in(email: str) -> str:
    return link_in(email).rpartition("/")[2]
