"""One table of what providers send, over every way an answer takes: all of them say the same of it.

To a bot, to a key check, and through the gateway to a program of another format or of the same; as a
stream and in one piece.
"""

import json

import pytest

from tests.core.providers.formats import paths
from tests.core.providers.test_eventstream import event, exception


def sse(*events):
    """As providers send them: each event in a piece of its own, named where it has a type."""
    return [
        (f"event: {one['type']}\n" if isinstance(one, dict) and "type" in one else "").encode()
        + f"data: {one if isinstance(one, str) else json.dumps(one)}\n\n".encode()
        for one in events
    ]


# What is sent, in small


def delta(reason=None, usage=None, **members):
    choice = {"index": 0, "delta": members, "finish_reason": reason}
    return {"choices": [choice], "usage": usage}


def choice(reason, content="Hi", **message):
    return {"choices": [{"message": {"content": content, **message}, "finish_reason": reason}]}


CHAT_USAGE = {"prompt_tokens": 9, "completion_tokens": 4, "total_tokens": 13}
USAGE_CHUNK = {"choices": [], "usage": CHAT_USAGE}
BESIDE = {"prompt_tokens": 9, "completion_tokens": 4, "total_tokens": 113}
GOOGLE_ERROR = {"error": {"code": 429, "message": "Slow down.", "status": "RESOURCE_EXHAUSTED"}}
MINIMAX_ERROR = {"base_resp": {"status_code": 1002, "status_msg": "rate limit"}}
FIRST = delta(role="assistant", content="")
HI = [FIRST, delta(content="H"), delta(content="i")]

START = {"type": "message_start", "message": {"usage": {
    "input_tokens": 4, "cache_read_input_tokens": 3, "cache_creation_input_tokens": 2,
    "output_tokens": 1}}}  # fmt: skip
BLOCK = {"type": "content_block_start", "index": 0, "content_block": {"type": "text", "text": ""}}
PING = {"type": "ping"}
STOPPED = {"type": "message_stop"}


def said(text):
    delta = {"type": "text_delta", "text": text}
    return {"type": "content_block_delta", "index": 0, "delta": delta}


def ending(reason="end_turn", **usage):
    found = {"output_tokens": 4, **usage}
    return {"type": "message_delta", "delta": {"stop_reason": reason}, "usage": found}


def message(reason="end_turn", **usage):
    found = {"input_tokens": 9, "output_tokens": 4, **usage}
    return {"content": [{"type": "text", "text": "Hi"}], "stop_reason": reason, "usage": found}


CREATED = {"type": "response.created", "response": {"status": "in_progress", "error": None}}
WORD = {"type": "response.output_text.delta", "delta": "Hi"}
REFUSED = {"type": "response.refusal.delta", "delta": "Hi"}
RESPONSE_USAGE = {"input_tokens": 9, "output_tokens": 4}


def response(status="completed", reason=None, **members):
    parts = [{"type": "output_text", "text": "Hi"}]
    found = {"status": status, "output": [{"type": "message", "content": parts}]}
    details = {"incomplete_details": {"reason": reason}} if reason else {}
    return found | {"usage": RESPONSE_USAGE, "error": None} | details | members


def over(status="completed", reason=None):
    return {"type": f"response.{status}", "response": response(status, reason)}


FAILED = {"status": "failed", "error": {"code": "429", "message": "Slow down."}}


def frames(*events):
    return [event(kind, payload) for kind, payload in events]


WORDS = ("contentBlockDelta", {"contentBlockIndex": 0, "delta": {"text": "Hi"}})
METADATA = ("metadata", {"usage": {"inputTokens": 6, "outputTokens": 4, "cacheReadInputTokens": 3}})


def converse(reason, content=({"text": "Hi"},)):
    usage = {"inputTokens": 9, "outputTokens": 4}
    message = {"role": "assistant", "content": list(content)}
    return {"output": {"message": message}, "stopReason": reason, "usage": usage}


# Endings: every word that a provider is known to use, and some that mean none

CHAT_ENDINGS = [
    "stop", "length", "content_filter", "model_length", "model_context_window_exceeded",
    "sensitive", "repetition_truncation", "eos", "SAFETY", "RECITATION", "STOP", "MAX_TOKENS",
    "content_filter: PROHIBITED_CONTENT", "refusal",
]  # fmt: skip
CHAT_BREAKS = [
    "error", "network_error", "abort", "insufficient_system_resource", "MALFORMED_FUNCTION_CALL",
    "function_call_filter: UNEXPECTED_TOOL_CALL", "a_word_of_tomorrow",
]  # fmt: skip
MESSAGES_ENDINGS = [
    "end_turn", "max_tokens", "stop_sequence", "refusal", "model_context_window_exceeded",
    "pause_turn", "compaction",
]  # fmt: skip
CONVERSE_ENDINGS = [
    "end_turn", "max_tokens", "stop_sequence", "guardrail_intervened", "content_filtered",
    "model_context_window_exceeded",
]  # fmt: skip
BAD_WORD = ("unavailable", "Hi", None)

# name, what comes; the text, or the failure with the text before it; the tokens

STREAMS = {
    "chat": [
        ("plain", sse(*HI, delta("stop"), USAGE_CHUNK, "[DONE]"), "Hi", (9, 4)),
        ("without [DONE]", sse(*HI, delta("stop")), "Hi", None),
        ("usage with the end", sse(*HI, delta("stop", CHAT_USAGE), "[DONE]"), "Hi", (9, 4)),
        ("usage before the end", sse(*HI, USAGE_CHUNK, delta("stop")), "Hi", (9, 4)),
        ("usage in the choice", sse(*HI, {"choices": [
            {"delta": {}, "finish_reason": "stop", "usage": CHAT_USAGE}]}), "Hi", (9, 4)),
        ("reasoning beside the answer",
         sse(*HI, delta("stop"), {"choices": [], "usage": BESIDE}), "Hi", (9, 104)),
        ("nulls", sse(delta(role="assistant", content=None), delta(content="Hi", refusal=None),
                      {"choices": []}, delta("stop", content=None)), "Hi", None),
        ("content in a list", sse(delta(content=[{"type": "text", "text": "Hi"}]), delta("stop")),
         "Hi", None),
        ("thinking in a list", sse(delta(content=[
            {"type": "thinking", "thinking": [{"type": "text", "text": "Hm"}]},
            {"type": "text", "text": "Hi"}]), delta("stop")), "Hi", None),
        ("thinking beside", sse(delta(reasoning_content="Hm"), *HI, delta("stop")), "Hi", None),
        ("a refusal", sse(FIRST, delta(refusal="H"), delta(refusal="i"), delta("stop")), "Hi", None),
        ("text with the end", sse(FIRST, delta(content="H"), delta("length", content="i")), "Hi", None),
        ("comments", [b": keep-alive\n\n", *sse(*HI), b":\n\n", *sse(delta("stop"))], "Hi", None),
        ("parts of other types", sse({"choices": "x"}, {"choices": [None]}, {"usage": 3}, *HI,
                                     delta("stop")), "Hi", None),
        ("a large event", sse(FIRST, delta(content="Hi", more="x" * (2 << 20)), delta("stop")),
         "Hi", None),
        ("an event without end", [b"data: ", *[b"x" * (1 << 20)] * 18], ("malformed", ""), None),
        ("after [DONE]", sse(*HI, delta("stop"), "[DONE]", delta(content="late")), "Hi", None),
        ("usage before an error", sse(*HI, USAGE_CHUNK, {"error": {"code": 429}}),
         ("rate_limited", "Hi"), (9, 4)),
        ("[DONE] without an end", sse(*HI, "[DONE]"), ("truncated", "Hi"), None),
        ("[DONE] alone", sse("[DONE]"), ("truncated", ""), None),
        ("nothing", [b""], ("truncated", ""), None),
        ("no end", sse(*HI), ("truncated", "Hi"), None),
        ("no JSON", sse(*HI, "{broken"), ("malformed", "Hi"), None),
        ("an array of anything", sse(*HI, [1]), ("malformed", "Hi"), None),
        ("an error", sse(*HI, GOOGLE_ERROR), ("rate_limited", "Hi"), None),
        ("an error in an array", sse(*HI, [GOOGLE_ERROR]), ("rate_limited", "Hi"), None),
        ("an array with an error comes first", sse([GOOGLE_ERROR]), ("rate_limited", ""), None),
        ("an error before the end", sse(*HI, GOOGLE_ERROR, delta("stop"), "[DONE]"),
         ("rate_limited", "Hi"), None),
        ("an error after the end", sse(*HI, delta("stop"), GOOGLE_ERROR), ("rate_limited", "Hi"), None),
        ("a refusal of MiniMax", sse(MINIMAX_ERROR), ("unavailable", ""), None),
        ("an end of another choice", sse(*HI, {"choices": [
            {"index": 0, "delta": {}, "finish_reason": "stop"},
            {"index": 1, "delta": {}, "finish_reason": "error"}]}), ("unavailable", "Hi"), None),
        *((word, sse(*HI, delta(word)), "Hi", None) for word in CHAT_ENDINGS),
        *((word, sse(*HI, delta(word), USAGE_CHUNK, "[DONE]"), ("unavailable", "Hi"), None)
          for word in CHAT_BREAKS),
    ],
    "messages": [
        ("plain", sse(START, BLOCK, PING, said("H"), PING, said("i"), ending(), STOPPED), "Hi", (9, 4)),
        ("usage twice", sse(START, said("Hi"), ending(output_tokens=2), ending(), STOPPED),
         "Hi", (9, 4)),
        ("input counted again", sse(START, said("Hi"), ending(input_tokens=7), STOPPED),
         "Hi", (12, 4)),
        ("null means unchanged",
         sse(START, said("Hi"), ending(input_tokens=None, cache_read_input_tokens=None), STOPPED),
         "Hi", (9, 4)),
        ("no beginning", sse(said("Hi"), STOPPED), "Hi", None),
        ("unknown events", sse(START, {"type": "new", "delta": 5}, said("Hi"), STOPPED), "Hi", (9, 1)),
        ("no end", sse(START, said("Hi"), ending()), ("truncated", "Hi"), (9, 4)),
        ("an error in the middle", sse(START, said("Hi"), {
            "type": "error", "error": {"type": "overloaded_error", "message": "Busy"}}, STOPPED),
         ("overloaded", "Hi"), (9, 1)),
        ("an error comes first", sse(START, {
            "type": "error", "error": {"type": "rate_limit_error", "message": "Slow"}}),
         ("rate_limited", ""), None),
        ("an error in an array", sse(START, said("Hi"), [
            {"type": "error", "error": {"type": "overloaded_error", "message": "Busy"}}]),
         ("overloaded", "Hi"), (9, 1)),
        ("no JSON", sse(START, said("Hi"), "no"), ("malformed", "Hi"), (9, 1)),
        *((word, sse(START, said("Hi"), ending(word), STOPPED), "Hi", (9, 4))
          for word in MESSAGES_ENDINGS),
        *((word, sse(START, said("Hi"), ending(word), STOPPED), ("unavailable", "Hi"), None)
          for word in ("error", "a_word_of_tomorrow")),
    ],
    "responses": [
        ("plain", sse(CREATED, WORD, over()), "Hi", (9, 4)),
        ("a refusal", sse(CREATED, REFUSED, over()), "Hi", (9, 4)),
        ("incomplete", sse(CREATED, WORD, over("incomplete")), "Hi", (9, 4)),
        ("cut by length", sse(CREATED, WORD, over("incomplete", "max_output_tokens")), "Hi", (9, 4)),
        ("cut by a filter", sse(CREATED, WORD, over("incomplete", "content_filter")), "Hi", (9, 4)),
        ("cut by who knows", sse(CREATED, WORD, over("incomplete", "tomorrow")),
         ("unavailable", "Hi"), None),
        ("cancelled", sse(CREATED, WORD, over("cancelled")), ("unavailable", "Hi"), None),
        ("failed", sse(CREATED, WORD, {"type": "response.failed", "response": FAILED}),
         ("rate_limited", "Hi"), None),
        ("failed from the start", sse(CREATED, {"type": "response.failed", "response": FAILED}),
         ("rate_limited", ""), None),
        ("an error", sse(CREATED, WORD, {"type": "error", "message": "No"}),
         ("unavailable", "Hi"), None),
        ("an error in an array", sse(CREATED, WORD, [{"type": "error", "message": "No"}]),
         ("unavailable", "Hi"), None),
        ("no end", sse(CREATED, WORD), ("truncated", "Hi"), None),
    ],
    "converse": [
        ("plain", frames(("messageStart", {}), WORDS, ("messageStop", {"stopReason": "end_turn"}),
                         METADATA), "Hi", (9, 4)),
        ("no end", frames(WORDS), ("truncated", "Hi"), None),
        ("an exception", [*frames(WORDS), exception("throttlingException", "Slow")],
         ("rate_limited", "Hi"), None),
        *((word, frames(WORDS, ("messageStop", {"stopReason": word})), "Hi", None)
          for word in CONVERSE_ENDINGS),
        *((word, frames(WORDS, ("messageStop", {"stopReason": word})), ("malformed", "Hi"), None)
          for word in ("malformed_model_output", "malformed_tool_use")),
        ("tomorrow", frames(WORDS, ("messageStop", {"stopReason": "a_word_of_tomorrow"})),
         ("unavailable", "Hi"), None),
    ],
}  # fmt: skip
WHOLE = {
    "chat": [
        ("plain", choice("stop") | {"usage": CHAT_USAGE}, "Hi", (9, 4)),
        ("in an array", [choice("stop")], "Hi", None),
        ("reasoning beside the answer", choice("stop") | {"usage": BESIDE}, "Hi", (9, 104)),
        ("absurd usage", choice("stop") | {"usage": {
            "prompt_tokens": True, "completion_tokens": -1}}, "Hi", None),
        ("content in a list", choice("stop", [{"type": "text", "text": "Hi"}]), "Hi", None),
        ("thinking beside", choice("stop", reasoning_content="Hm"), "Hi", None),
        ("a refusal", choice("stop", None, refusal="Hi"), "Hi", None),
        ("nothing but thinking", choice("length", None, reasoning_content="Hm"), "", None),
        ("null content", choice("length", None), "", None),
        ("an error", GOOGLE_ERROR, "rate_limited", None),
        ("an error in an array", [GOOGLE_ERROR], "rate_limited", None),
        ("a refusal of MiniMax", MINIMAX_ERROR, "unavailable", None),
        *((word, choice(word), "Hi", None) for word in CHAT_ENDINGS),
        *((word, choice(word), "unavailable", None) for word in CHAT_BREAKS),
    ],
    "messages": [
        ("plain", message(), "Hi", (9, 4)),
        ("through the cache", message(input_tokens=4, cache_read_input_tokens=3,
                                      cache_creation_input_tokens=2), "Hi", (9, 4)),
        ("all of it from the cache", message(input_tokens=None, cache_read_input_tokens=9),
         "Hi", (9, 4)),
        ("nothing but thinking", message("max_tokens") | {"content": [
            {"type": "thinking", "thinking": "Hm", "text": "no"}]}, "", (9, 4)),
        ("blocks of other types", message() | {"content": [
            {"type": "text", "text": "H"}, {"type": "new", "text": "no"},
            {"type": "text", "text": "i"}, None, 3]}, "Hi", (9, 4)),
        ("an error", {"type": "error", "error": {"type": "overloaded_error", "message": "Busy"}},
         "overloaded", None),
        ("an error in an array", [{"error": {"type": "overloaded_error", "message": "Busy"}}],
         "overloaded", None),
        *((word, message(word), "Hi", (9, 4)) for word in MESSAGES_ENDINGS),
        ("tomorrow", message("a_word_of_tomorrow"), "unavailable", None),
    ],
    "responses": [
        ("plain", response(), "Hi", (9, 4)),
        ("other items", response(output=[
            {"type": "reasoning"}, {"type": "message", "content": None},
            {"type": "message", "content": [{"text": "H"}, {"refusal": "i"}]}]), "Hi", (9, 4)),
        ("nothing", response(output=[]), "", (9, 4)),
        ("cut by length", response("incomplete", "max_output_tokens"), "Hi", (9, 4)),
        ("cut by who knows", response("incomplete", "tomorrow"), "unavailable", None),
        ("cancelled", response("cancelled"), "unavailable", None),
        ("failed", FAILED, "rate_limited", None),
        ("failed, in an array", [FAILED], "rate_limited", None),
    ],
    "converse": [
        ("plain", converse("end_turn"), "Hi", (9, 4)),
        ("nothing but thinking", converse("max_tokens", [{"reasoningContent": {}}]), "", (9, 4)),
        *((word, converse(word), "Hi", (9, 4)) for word in CONVERSE_ENDINGS),
        ("malformed", converse("malformed_model_output"), "malformed", None),
        ("tomorrow", converse("a_word_of_tomorrow"), "unavailable", None),
    ],
}  # fmt: skip


def table(cases):
    return [
        pytest.param(name, *case[1:], id=f"{name}-{case[0]}")
        for name, rows in cases.items()
        for case in rows
    ]


def content_type(name):
    return "application/vnd.amazon.eventstream" if name == "converse" else "text/event-stream"


@pytest.mark.parametrize(("name", "pieces", "expected", "tokens"), table(STREAMS))
@pytest.mark.parametrize("joined", [False, True], ids=["in pieces", "in one buffer"])
def test_a_stream_is_the_same_on_every_path(monkeypatch, name, pieces, expected, tokens, joined):
    paths.serve(monkeypatch, [b"".join(pieces)] if joined else pieces, content_type(name))
    failure, text = expected if isinstance(expected, tuple) else ("", expected)
    bot, other = paths.to_bot(name), paths.translated(name, stream=True)
    assert (bot.failure, bot.text) == (failure, text)
    assert other.failure == failure
    if not failure:
        assert other.text == text
    found = [bot, other]
    if name != "converse":
        same = paths.passed_through(name, stream=True)
        assert same.failure == failure
        if not failure:
            assert same.passed == b"".join(pieces)
        found.append(same)
    if tokens and not (
        failure and joined
    ):  # A whole stream that fails is a refusal: nothing began.
        assert {one.tokens for one in found} == {tokens}


@pytest.mark.parametrize(("name", "document", "expected", "tokens"), table(WHOLE))
def test_a_whole_answer_is_the_same_on_every_path(monkeypatch, name, document, expected, tokens):
    body = json.dumps(document).encode()
    paths.serve(monkeypatch, body, "application/json")
    kinds = ("unavailable", "malformed", "rate_limited", "overloaded")
    failure, text = (expected, "") if expected in kinds else ("", expected)
    bot = paths.to_bot(name)
    other = paths.translated(name, stream=False)
    in_place = paths.translated(name, stream=True)
    assert [(one.failure, one.text) for one in (bot, other, in_place)] == [(failure, text)] * 3
    assert paths.to_check(name).failure == failure
    found = [bot, other, in_place]
    if name != "converse":
        for stream in (False, True):
            same = paths.passed_through(name, stream)
            assert (same.failure, same.passed) == (failure, b"" if failure else body)
            found.append(same)
    if tokens:
        assert {one.tokens for one in found} == {tokens}


ERRORS = [
    ("chat", 429, GOOGLE_ERROR, "rate_limited"),
    ("chat", 429, [GOOGLE_ERROR], "rate_limited"),
    ("chat", 401, [{"error": {"code": 401, "message": "No."}}], "rejected"),
    ("messages", 529, {"error": {"type": "overloaded_error"}}, "overloaded"),
    ("responses", 429, FAILED, "rate_limited"),
]


@pytest.mark.parametrize(("name", "status", "document", "kind"), ERRORS)
def test_a_refusal_by_status_is_the_same_on_every_path(monkeypatch, name, status, document, kind):
    paths.serve(monkeypatch, json.dumps(document).encode(), "application/json", status)
    found = [paths.to_bot(name), paths.to_check(name)]
    for stream in (False, True):
        found += [paths.translated(name, stream), paths.passed_through(name, stream)]
    assert {one.failure for one in found} == {kind}


@pytest.mark.parametrize("name", ["chat", "messages", "responses"])
def test_a_page_in_place_of_an_answer_is_the_same_on_every_path(monkeypatch, name):
    paths.serve(monkeypatch, b"<html>Hello</html>", "text/html")
    found = [paths.to_bot(name), paths.to_check(name)]
    for stream in (False, True):
        found += [paths.translated(name, stream), paths.passed_through(name, stream)]
    assert {one.failure for one in found} == {"malformed"}


NO_ANSWERS = [
    ("chat", {}),
    ("chat", {"choices": "x"}),
    ("chat", {"choices": []}),
    ("chat", {"choices": [7]}),
    ("chat", {"choices": [{"message": {"content": "Hi"}}]}),
    ("messages", {}),
    ("messages", {"content": "x", "stop_reason": "end_turn"}),
    ("messages", {"content": []}),
    ("responses", {}),
    ("responses", {"output": 1}),
    ("converse", {}),
    ("converse", {"output": {"message": []}, "stopReason": "end_turn"}),
    ("converse", {"output": {"message": {"content": []}}}),
]


@pytest.mark.parametrize(("name", "document"), NO_ANSWERS)
def test_what_is_no_answer_is_none_wherever_it_is_read(monkeypatch, name, document):
    """A program of the same format gets it as it is: it knows what it asked for."""
    paths.serve(monkeypatch, json.dumps(document).encode(), "application/json")
    found = [paths.to_bot(name), paths.to_check(name)]
    found += [paths.translated(name, stream) for stream in (False, True)]
    assert {one.failure for one in found} == {"malformed"}


def test_a_program_learns_of_a_broken_end_before_its_end_mark(monkeypatch):
    """The SDKs stop reading at `[DONE]`: an error behind it would be lost."""
    pieces = sse(*HI, delta("network_error"), "[DONE]")
    paths.serve(monkeypatch, pieces, "text/event-stream")
    passed = paths.passed_through("chat", stream=True).passed
    assert b"network_error" not in passed and b"[DONE]" not in passed
    assert passed == b"".join(pieces[:3])


def test_a_response_that_is_still_being_written_passes_through(monkeypatch):
    body = json.dumps({"status": "queued", "output": []}).encode()
    paths.serve(monkeypatch, body, "application/json")
    assert paths.passed_through("responses", stream=False).passed == body
    assert paths.translated("responses", stream=False).failure == "malformed"
