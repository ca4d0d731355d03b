"""The sample data of `bin/seed`: what it says was used is what its messages come to."""

from sqlalchemy import case, func, select

from core.bots.models import ANSWER, COMPLETE, Message
from core.db import session
from core.usage.models import UsageDay
from web.cli.seeding import seed_everything


def test_the_sample_is_counted_day_by_day(app):
    seed_everything("demo@example.com")
    session().commit()
    answers = select(
        func.date(Message.created_at),
        Message.bot_id,
        func.sum(case((Message.status == COMPLETE, 1), else_=0)),
        func.sum(case((Message.status != COMPLETE, 1), else_=0)),
        func.coalesce(func.sum(Message.tokens_in), 0),
        func.coalesce(func.sum(Message.tokens_out), 0),
    ).where(Message.role == ANSWER)
    made = {
        tuple(row)
        for row in session().execute(
            answers.group_by(func.date(Message.created_at), Message.bot_id)
        )
    }
    days = session().scalars(select(UsageDay))
    counted = {
        (row.day.isoformat(), row.bot_id, row.answered, row.failed, row.tokens_in, row.tokens_out)
        for row in days
    }
    assert made == counted
    assert len(counted) > 20
