"""What a test holds in its hand: the address, the keys, what is said next, what was asked."""

import json
from types import TracebackType
from typing import Self

from .calls import Call, CallLog
from .formats import bedrock
from .gate import Gate
from .reception import Reception
from .reply import Reply
from .script import Matcher
from .sockets.server import Server


class LoopbackProvider:
    """A provider on 127.0.0.1, serving inside its `with` or from `start` to `close`."""

    def __init__(self, port: int = 0, *, remember_calls: int | None = None) -> None:
        """Binds the port, 0 for a free one. `remember_calls` limits how many calls are kept."""
        self._log = CallLog(remember_calls)
        self._reception = Reception()
        self._server = Server(port, self._reception, self._log)

    def start(self) -> Self:
        """Begins to serve."""
        self._server.start()
        return self

    def close(self) -> None:
        """Hangs up on everybody, waits for their threads, and refuses connections from now on."""
        self._server.stop()

    def __enter__(self) -> Self:
        return self.start()

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()

    # Where it is

    @property
    def port(self) -> int:
        """The port on 127.0.0.1."""
        return self._server.server_port

    @property
    def url(self) -> str:
        """The address without a path."""
        return f"http://127.0.0.1:{self.port}"

    @property
    def anthropic_base_url(self) -> str:
        """As the setting ANTHROPIC_BASE_URL wants it."""
        return self.url

    @property
    def openai_base_url(self) -> str:
        """As OPENAI_BASE_URL, and the setting of any provider with OpenAI's format, wants it."""
        return f"{self.url}/v1"

    # Who may ask, and for what

    def accept(self, *keys: str) -> None:
        """These keys are good from now on, on both formats."""
        self._reception.accept(*keys)

    def accept_bedrock(self, credential: str) -> None:
        """AWS's JSON: what its access key signs is good from now on."""
        found = json.loads(credential)
        bedrock.secrets_by_id[found["accessKeyId"]] = found["secretAccessKey"]
        self._reception.accept(found["accessKeyId"])

    def revoke(self, *keys: str) -> None:
        """These are refused from now on; answers under way go on."""
        self._reception.revoke(*keys)

    def accept_every_key(self) -> None:
        """Any key is good, as long as there is one."""
        self._reception.accept_every_key()

    @property
    def models(self) -> dict[str, list[str]]:
        """What GET /v1/models lists, by format; change it in place. Chat takes any model…"""
        return self._reception.models

    @property
    def unknown_models(self) -> set[str]:
        """…but these, which are a 404 and not listed."""
        return self._reception.unknown_models

    # What it says

    def next(self, reply: Reply, times: int = 1) -> None:
        """For the next chat requests, one after the other.

        A failure takes any request; an answer waits for one that the vendor would not refuse.
        """
        self._reception.script.add_next(reply, times)

    def when(self, key_or_predicate: Matcher, reply: Reply) -> None:
        """For every request with this key, or of which the predicate is true; newest rule first."""
        self._reception.script.add_when(key_or_predicate, reply)

    def always(self, reply: Reply) -> None:
        """For every request that `next` and `when` leave, GET /v1/models too if it is a failure."""
        self._reception.script.set_always(reply)

    @property
    def replies_left(self) -> int:
        """How many replies of `next` no request has taken yet."""
        return self._reception.script.left

    def hold(self) -> Gate:
        """A gate for answers that begin before it opens: streams wait after their first chunk."""
        return self._reception.hold()

    def reset(self) -> None:
        """As new: no keys, replies, unknown models, calls; gates open. Answers under way go on."""
        self._reception.clear()
        self._log.clear()

    # What it was asked

    @property
    def calls(self) -> list[Call]:
        """Every request so far, refused ones and GETs too, by arrival: a copy of the list."""
        return self._log.snapshot()

    @property
    def chats(self) -> list[Call]:
        """The calls that are chat requests."""
        return [call for call in self.calls if call.is_chat]

    @property
    def streams(self) -> list[Call]:
        """The chat requests that wanted a stream: answers of bots. The check of a key wants none."""
        return [call for call in self.chats if call.stream]

    @property
    def embeddings(self) -> list[Call]:
        """The calls that asked for vectors."""
        return [call for call in self.calls if call.is_embedding]

    def wait_for_calls(self, count: int, timeout_seconds: float = 5) -> list[Call]:
        """Returns the calls once there are this many. Raises TimeoutError."""
        return self._log.wait_for(count, timeout_seconds)
