"""A bot with a conversation, as tests of bots have it; and the day's rows as the database has them."""

from core.db import session
from core.usage.models import UsageDay
from tests.core.bots.conftest import bot, conversation, workspace  # noqa: F401  (fixtures)


def rows() -> list[UsageDay]:
    session().commit()
    session().expire_all()
    return list(session().query(UsageDay).order_by(UsageDay.day, UsageDay.model_id))


def counts() -> list[tuple[int, int, int, int, int]]:
    """Of each row: answered, failed, cached, tokens in and out."""
    return [(row.answered, row.failed, row.cached, row.tokens_in, row.tokens_out) for row in rows()]
