"""A bot to give knowledge to, and the sources' states as the database has them now."""

import pytest

from core.accounts.actor import OPERATOR
from core.bots import bots
from core.bots.bots import Draft
from core.db import session
from core.knowledge import sources


@pytest.fixture
def bot(cast):
    return bots.create(cast.workspace, Draft(name="Helper"), OPERATOR)


@pytest.fixture
def give(cast, bot, run_jobs):
    """`give("Title", "Text")`: a text that is indexed when this returns."""

    def add(title: str, text: str, into=None):
        source = sources.add_text(cast.workspace, (into or bot).id, title, text, OPERATOR)
        run_jobs()
        return now(source)

    return add


def now(source):
    """The source as the database has it now."""
    session().rollback()
    return sources.get(source.workspace_id, source.id)
