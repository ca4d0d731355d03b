"""AWS Bedrock's Converse: the model in the path, a signature in place of a key, binary frames as events.

Frames travel through the rest as text with surrogates, which `encode` turns into the same bytes.
"""

import json
import re
import struct
import zlib
from collections.abc import Sequence
from typing import Any
from urllib.parse import unquote

from botocore.auth import SigV4Auth
from botocore.awsrequest import AWSRequest
from botocore.credentials import Credentials

from ..calls import Call
from .problems import Problem
from .wire import Stream, Writing, messages_fault

NAME = "bedrock"
CHAT_PATH = "/model/{model}/converse"
EVENTS = {"content-type": "application/vnd.amazon.eventstream"}
_PATH = re.compile(r"/model/([^/]+)/converse(-stream)?")
_AUTHORIZATION = re.compile(
    r"AWS4-HMAC-SHA256 Credential=([A-Z0-9]+)/\d{8}/([a-z0-9-]+)/bedrock/aws4_request, "
    r"SignedHeaders=([a-z0-9;-]+), Signature=([0-9a-f]{64})"
)
_INVALID_TOKEN = "The security token included in the request is invalid."
_DENIED = "You don't have access to the model with the specified model ID."
_SIGNATURE = "The request signature we calculated does not match the signature you provided."

PROBLEMS = (
    Problem(400, "ValidationException", "The provided request is not valid."),
    Problem(403, "UnrecognizedClientException", _INVALID_TOKEN, cause="bad_key"),
    Problem(
        403, "MissingAuthenticationTokenException", "Missing Authentication Token", cause="no_key"
    ),
    Problem(403, "AccessDeniedException", _DENIED, cause="missing_scope"),
    Problem(
        404, "ResourceNotFoundException", "Could not resolve the model.", cause="unknown_model"
    ),
    Problem(404, "UnknownOperationException", "Unknown operation.", cause="no_route"),
    Problem(405, "UnknownOperationException", "Unknown operation."),
    Problem(408, "ModelTimeoutException", "The model took too long."),
    Problem(424, "ModelErrorException", "The model failed."),
    Problem(429, "ThrottlingException", "Too many requests.", cause="rate_limited"),
    Problem(429, "ModelNotReadyException", "The model is not ready."),
    Problem(500, "InternalServerException", "Something went wrong."),
    Problem(503, "ServiceUnavailableException", "Unavailable.", cause="overloaded"),
)

secrets_by_id: dict[str, str] = {}
"""Secret access keys by their ids: a signature is made again with them and compared."""


def is_path(path: str) -> bool:
    return _PATH.fullmatch(path) is not None


def request_fields(path: str) -> dict[str, Any]:
    """What other formats have in the body."""
    found = _PATH.fullmatch(path)
    return {"model": unquote(found[1]), "stream": bool(found[2])} if found else {}


def key_in(headers: dict[str, str]) -> str:
    """The access key's id."""
    found = _AUTHORIZATION.fullmatch(headers.get("authorization", ""))
    return found[1] if found else headers.get("authorization", "").removeprefix("Bearer ")


def objection(call: Call) -> Problem | None:
    """A wrong signature, then what is wrong with the request."""
    if not _is_signed(call):
        return Problem(403, "InvalidSignatureException", _SIGNATURE)
    if not call.is_json or messages_fault(call.body):
        return Problem(400, "ValidationException", "The request body is not valid.")
    return None


def error_body(problem: Problem, request_id: str) -> dict[str, Any]:
    return {"message": problem.message}


def error_event(problem: Problem, request_id: str) -> str:
    kind = str(problem.type)
    names = {":message-type": "exception", ":exception-type": kind[:1].lower() + kind[1:]}
    return _frame(names, {"message": problem.message})


def headers(request_id: str, problem: Problem | None) -> dict[str, str]:
    found = {"x-amzn-requestid": request_id}
    return found | {"x-amzn-errortype": f"{problem.type}:http://internal/"} if problem else found


def answer(writing: Writing, call: Call) -> dict[str, Any]:
    content = [{"text": writing.text}] if writing.pieces else []
    if writing.tool:
        content = [{"toolUse": _tool_use(writing) | {"input": json.loads(writing.text)}}]
    return {
        "output": {"message": {"role": "assistant", "content": content}},
        "stopReason": _stop_reason(writing),
        "usage": _usage(writing),
        "metrics": {"latencyMs": 1},
    }


def stream(writing: Writing, call: Call) -> Stream:
    return Stream(
        opening=[_event("messageStart", {"role": "assistant"}), *_start(writing)],
        pieces=writing.pieces,
        event_of=lambda text: _event(
            "contentBlockDelta", {"contentBlockIndex": 0, "delta": _delta(writing, text)}
        ),
        closing=[
            _event("contentBlockStop", {"contentBlockIndex": 0}),
            _event("messageStop", {"stopReason": _stop_reason(writing)}),
            _event("metadata", {"usage": _usage(writing), "metrics": {"latencyMs": 1}}),
        ],
    )


def model_list(models: Sequence[str]) -> dict[str, Any]:
    return {"modelSummaries": []}


def _is_signed(call: Call) -> bool:
    found = _AUTHORIZATION.fullmatch(call.headers.get("authorization", ""))
    if not found:
        return True  # a Bedrock API key
    key_id, region, names, signature = found.groups()
    secret = secrets_by_id.get(key_id, "")
    signed = {name: call.headers[name] for name in names.split(";") if name != "host"}
    url = f"http://{call.headers['host']}{call.path}"
    request = AWSRequest(call.method, url, headers=signed, data=call.raw)
    request.context["timestamp"] = call.headers["x-amz-date"]
    auth = SigV4Auth(Credentials(key_id, secret), NAME, region)
    text = auth.string_to_sign(request, auth.canonical_request(request))
    return bool(auth.signature(text, request) == signature)


def _tool_use(writing: Writing) -> dict[str, Any]:
    return {"toolUseId": f"tooluse_loopback{writing.number:06d}", "name": writing.tool}


def _start(writing: Writing) -> list[str]:
    """Only a block that is no text is announced."""
    if not writing.tool:
        return []
    start = {"toolUse": _tool_use(writing)}
    return [_event("contentBlockStart", {"contentBlockIndex": 0, "start": start})]


def _delta(writing: Writing, text: str) -> dict[str, Any]:
    return {"toolUse": {"input": text}} if writing.tool else {"text": text}


def _stop_reason(writing: Writing) -> str:
    if writing.tool:
        return "tool_use"
    return "max_tokens" if writing.at_limit else "end_turn"


def _usage(writing: Writing) -> dict[str, int]:
    tokens_in, tokens_out = writing.tokens_in, writing.tokens_out
    return {
        "inputTokens": tokens_in,
        "outputTokens": tokens_out,
        "totalTokens": tokens_in + tokens_out,
    }


def _event(kind: str, payload: dict[str, Any]) -> str:
    names = {":event-type": kind, ":content-type": "application/json", ":message-type": "event"}
    return _frame(names, payload)


def _frame(names: dict[str, str], payload: dict[str, Any]) -> str:
    """One frame: lengths, their checksum, headers, payload, the checksum of all."""
    packed = b"".join(_header(name, value) for name, value in names.items())
    body = json.dumps(payload, ensure_ascii=False).encode()
    prelude = struct.pack("!II", 16 + len(packed) + len(body), len(packed))
    prelude += struct.pack("!I", zlib.crc32(prelude))
    whole = prelude + packed + body
    return (whole + struct.pack("!I", zlib.crc32(whole))).decode("utf-8", "surrogateescape")


def _header(name: str, value: str) -> bytes:
    said = value.encode()
    return struct.pack("!B", len(name)) + name.encode() + struct.pack("!BH", 7, len(said)) + said


DONE = _event("messageStop", {"stopReason": "end_turn"})
