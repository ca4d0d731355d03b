"""The last messages of a month, when many visitors want them at once."""

from concurrent.futures import ThreadPoolExecutor
from threading import Barrier

import pytest
from sqlalchemy import update

from core.bots.answers.failure_messages import OUT_OF_MESSAGES_SENTENCE
from core.bots.models import QuotaPeriod
from core.db import transaction
from tests.bot_client import make_bot, make_key, used

pytestmark = pytest.mark.xdist_group("live-2")

AT_ONCE = 64


@pytest.mark.parametrize("left", [1, 5])
def test_of_64_concurrent_messages_exactly_those_that_are_left_are_answered(
    workspace, provider, visitors_of, left
):
    make_key(workspace)
    bot = make_bot(workspace, "anthropic:claude-haiku-4-5")
    visitors = visitors_of(bot.id, AT_ONCE)
    limit = workspace.plan.messages_per_month
    visitors[0].ask("The message that opens the month")
    use_up(workspace, limit - left)
    line = Barrier(AT_ONCE)

    def ask(visitor):
        line.wait()
        return visitor.ask("Hello")

    with ThreadPoolExecutor(AT_ONCE) as crowd:
        answers = list(crowd.map(ask, visitors))
    assert sorted(status for status, _ in answers) == [200] * left + [503] * (AT_ONCE - left)
    refused = [answer for status, answer in answers if status == 503]
    assert {answer["error"]["message"] for answer in refused} == {OUT_OF_MESSAGES_SENTENCE}
    assert used(workspace) == limit
    assert len(provider.streams) == 1 + left
    assert all("Hello" in [m["text"] for m in visitor.messages()] for visitor in visitors)


def use_up(workspace, messages):
    with transaction() as current:
        current.execute(
            update(QuotaPeriod)
            .where(QuotaPeriod.workspace_id == workspace.id)
            .values(used=messages)
        )
