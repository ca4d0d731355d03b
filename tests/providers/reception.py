"""Who asks, what the vendor objects to, which reply it is. How it looks is in `response.py`."""

import itertools
import threading
from collections.abc import Iterator

from .calls import Call
from .formats import anthropic, bedrock, embeddings, fim, openai, responses
from .formats.problems import Problem, problem_for
from .formats.wire import Wire
from .gate import Gate
from .parts import Failure
from .reply import Reply
from .response import Response
from .script import Script
from .sockets.steps import Step

MODELS_PATH = "/v1/models"
_WIRES: dict[str, Wire] = {wire.NAME: wire for wire in (anthropic, openai, responses, fim, bedrock)}
_METHODS = {wire.CHAT_PATH: "POST" for wire in _WIRES.values()}
_METHODS |= {embeddings.PATH: "POST", anthropic.COUNT_PATH: "POST", MODELS_PATH: "GET"}
_MODELS = {
    anthropic.NAME: ("claude-haiku-5-5", "claude-haiku-4-5", "claude-sonnet-4-6"),
    bedrock.NAME: (),
    openai.NAME: ("gpt-6-luna", "gpt-5", "gpt-5-mini", "gpt-4o-mini"),
}


def wire_of(path: str, headers: dict[str, str]) -> Wire:
    """The format a request is in: by its path, or if both vendors have that, by its headers."""
    if bedrock.is_path(path):
        return bedrock
    by_path = {wire.CHAT_PATH: wire for wire in _WIRES.values()}
    is_anthropic = "x-api-key" in headers or "anthropic-version" in headers
    return by_path.get(path) or _WIRES["anthropic" if is_anthropic else "openai"]


class Reception:
    """The provider's state and its decisions. Safe to use from many threads."""

    def __init__(self) -> None:
        self.script = Script()
        self._lock = threading.Lock()
        self._numbers = itertools.count(1)
        self._gates: list[Gate] = []
        self.clear()

    def clear(self) -> None:
        """Forgets keys, models and replies, and opens every gate."""
        self.script.clear()
        for gate in self._gates:
            gate.open()
        self._gates = []
        self._keys: frozenset[str] = frozenset()
        self._takes_every_key = False
        self.unknown_models: set[str] = set()
        self.models = {wire: list(models) for wire, models in _MODELS.items()}

    def accept(self, *keys: str) -> None:
        """These keys are good from now on."""
        with self._lock:
            self._keys = self._keys.union(keys)

    def revoke(self, *keys: str) -> None:
        """These are not; answers under way go on."""
        with self._lock:
            self._keys = self._keys.difference(keys)

    def accept_every_key(self) -> None:
        """Any key is good, as long as there is one."""
        self._takes_every_key = True

    def hold(self) -> Gate:
        """A gate that every answer which begins before it opens waits at."""
        gate = Gate()
        self._gates = [gate, *self._closed_gates()]
        return gate

    def steps_for(self, call: Call) -> Iterator[Step]:
        """What this call is told. Takes one reply from the script."""
        wire = _WIRES[call.wire]
        objection = self._objection(wire, call)
        reply = self.script.take(call, in_order=objection is None)
        gates = self._closed_gates()
        response = Response(
            wire, call, next(self._numbers), reply or Reply(), gates[0] if gates else None
        )
        if reply or ((call.is_chat or call.is_embedding) and not objection):
            return response.steps()
        if objection:
            return response.problem(objection)
        if call.path == anthropic.COUNT_PATH:
            return response.document(anthropic.count(call))
        return response.document(wire.model_list(self._known_models(wire)))

    def _closed_gates(self) -> list[Gate]:
        return [gate for gate in self._gates if not gate.is_open]

    def _objection(self, wire: Wire, call: Call) -> Problem | None:
        """What the vendor would say against this request, in the order in which it looks."""
        path = bedrock.CHAT_PATH if bedrock.is_path(call.path) else call.path
        if _METHODS.get(path) != call.method:
            cause = Failure(405) if path in _METHODS else Failure(cause="no_route")
        elif not call.key:
            cause = Failure(cause="no_key")
        elif not self._is_good(call.key):
            cause = Failure(cause="bad_key")
        elif objection := wire.objection(call):
            return objection
        elif call.model in self.unknown_models:
            cause = Failure(cause="unknown_model")
        else:
            return None
        return problem_for(wire.PROBLEMS, cause)

    def _is_good(self, key: str) -> bool:
        return self._takes_every_key or key in self._keys

    def _known_models(self, wire: Wire) -> list[str]:
        return [
            model for model in self.models.get(wire.NAME, []) if model not in self.unknown_models
        ]
