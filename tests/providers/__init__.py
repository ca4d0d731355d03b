"""A provider on loopback: a real HTTP server that answers, and fails, as Anthropic and OpenAI do.

Whatever talks to a provider is tested against this one, over a socket; no client is ever patched.

    with LoopbackProvider() as provider:
        provider.accept("sk-good")
        provider.next(Reply.cut(after_chunks=2))
        …
        assert provider.calls[0].client_left is False
"""

from .calls import Call
from .gate import Gate
from .provider import LoopbackProvider
from .reply import Reply

__all__ = ["Call", "Gate", "LoopbackProvider", "Reply"]
