"""Configuration snippets for gateway clients, with this deployment's address.

They follow each client's documentation of November 2026, and contain a placeholder, never a token.
"""

from dataclasses import dataclass

TOKEN = "mvg_YOUR_TOKEN"  # noqa: S105  (the place of one)


@dataclass(frozen=True)
class Snippet:
    """Text to copy. `where` says what to do with it."""

    id: str
    client: str
    where: str
    text: str


_CLAUDE_CODE = """\
export ANTHROPIC_BASE_URL={url}
export ANTHROPIC_AUTH_TOKEN={token}
export ANTHROPIC_MODEL={claude}
unset ANTHROPIC_API_KEY
claude
"""
_CODEX = """\
model = "{gpt}"
model_provider = "mevichat"

[model_providers.mevichat]
name = "Mevichat"
base_url = "{url}/v1"
env_key = "MEVICHAT_TOKEN"
wire_api = "responses"
"""
_AIDER = """\
export OPENAI_API_BASE={url}/v1
export OPENAI_API_KEY={token}
aider --model openai/{gpt}
"""
_OPENCODE = """\
{{
  "$schema": "https://opencode.ai/config.json",
  "provider": {{
    "mevichat": {{
      "npm": "@ai-sdk/openai-compatible",
      "name": "Mevichat",
      "options": {{ "baseURL": "{url}/v1", "apiKey": "{{env:MEVICHAT_TOKEN}}" }},
      "models": {{ "{gpt}": {{}}, "{claude}": {{}} }}
    }}
  }}
}}
"""
_CURSOR = """\
Override OpenAI Base URL: {url}/v1
OpenAI API Key:           {token}
Custom model:             {gpt}
"""
_OPENAI = """\
from openai import OpenAI

client = OpenAI(base_url="{url}/v1", api_key="{token}")
answer = client.chat.completions.create(
    model="{gpt}", messages=[{{"role": "user", "content": "Hello"}}]
)
print(answer.choices[0].message.content)
"""
_ANTHROPIC = """\
from anthropic import Anthropic

client = Anthropic(base_url="{url}", auth_token="{token}")
answer = client.messages.create(
    model="{claude}", max_tokens=500, messages=[{{"role": "user", "content": "Hello"}}]
)
print(answer.content[0].text)
"""
_CURL = """\
curl {url}/v1/chat/completions \\
  -H "Authorization: Bearer {token}" \\
  -H "Content-Type: application/json" \\
  -d '{{"model": "{gpt}", "messages": [{{"role": "user", "content": "Hello"}}]}}'
"""
_CLIENTS = (
    ("claude-code", "Claude Code", "In your shell, before you start it.", _CLAUDE_CODE),
    (
        "codex",
        "Codex",
        "In ~/.codex/config.toml. Set MEVICHAT_TOKEN to the token.",
        _CODEX,
    ),
    ("aider", "aider", "In your shell. The openai/ prefix is aider’s.", _AIDER),
    (
        "opencode",
        "opencode",
        "In opencode.json. Set MEVICHAT_TOKEN to the token.",
        _OPENCODE,
    ),
    (
        "cursor",
        "Cursor",
        "Under Settings, Models, API Keys. Cursor calls from its own servers: this address has to be "
        "public, with https.",
        _CURSOR,
    ),
    ("openai-sdk", "OpenAI SDK for Python", "pip install openai", _OPENAI),
    ("anthropic-sdk", "Anthropic SDK for Python", "pip install anthropic", _ANTHROPIC),
    ("curl", "curl", "In your shell.", _CURL),
)


def snippets(url: str, claude: str, gpt: str) -> list[Snippet]:
    """For every client, with this deployment's address and one model for each format."""
    named = {"url": url, "token": TOKEN, "claude": claude, "gpt": gpt}
    return [
        Snippet(name, client, where, text.format(**named)) for name, client, where, text in _CLIENTS
    ]
