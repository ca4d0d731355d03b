"""Claude Code, Codex and aider complete a prompt through the gateway. With --soak: they are 640 MB to fetch."""

import pytest

from core.accounts.actor import OPERATOR
from core.gateway import tokens
from tests import marker
from tests.bot_client import make_key
from tests.live import agents
from tests.providers import Reply

pytestmark = [pytest.mark.xdist_group("sdks"), pytest.mark.timeout(900)]

MODELS = ("gpt-4o-mini", "claude-haiku-4-5", "bedrock/claude-haiku-4-5")
SAID = "Pong, said the provider."
PAIRS = [
    *(("claude", model) for model in MODELS),
    *(("codex", model) for model in MODELS),
    *(("aider", model) for model in MODELS),
]


@pytest.fixture
def token(request, inside, workspace, owner, provider):
    if not request.config.getoption("--soak"):
        pytest.skip("the agents are fetched with --soak only")
    provider.accept_bedrock(marker.bedrock_key())
    provider.always(Reply.answer(SAID))
    for name in ("openai", "anthropic", "bedrock"):
        make_key(workspace, name)
    return tokens.create(workspace, owner, "Agents", None, OPERATOR, inside.config["SECRET_KEY"])[1]


@pytest.mark.parametrize(("agent", "model"), PAIRS)
def test_an_agent_completes_a_prompt(agent, model, live, token, provider, tmp_path):
    printed = getattr(agents, agent)(tmp_path, live.url, token, model, "Say pong.")
    assert SAID in printed
    assert any(b"Say pong." in call.raw for call in provider.chats)
