"""The streams of providers as they really come, part by part, and how each of them ends."""

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.http import Cut, TimedOut
from core.providers.failures import FailureKind
from core.providers.formats import FORMATS
from core.providers.formats.converse.streams import read_events
from core.providers.formats.json_tool import NAME as JSON_TOOL
from core.providers.formats.request import ChatRequest
from core.providers.formats.response import (
    Begin,
    BlockEnd,
    Failed,
    Stop,
    TextDelta,
    ThinkingDelta,
    ToolBegin,
    ToolDelta,
    Usage,
)


def sse(*data):
    return "".join(f"data: {d if isinstance(d, str) else json.dumps(d)}\n\n" for d in data).encode()


def named(*events):
    return "".join(f"event: {e['type']}\ndata: {json.dumps(e)}\n\n" for e in events).encode()


def read(name, data, provider="somebody"):
    parts = list(parts_of(name, data, provider))
    return [part.failure.kind if isinstance(part, Failed) else part for part in parts]


def failure(name, data, provider="somebody"):
    *_, last = parts_of(name, data, provider)
    return last.failure


def parts_of(name, data, provider):
    """Of bytes, or of pieces of them; of Converse's events before they are made into frames."""
    read = read_events if name == "converse" else FORMATS[name].read_stream
    return read([data] if isinstance(data, bytes) else data, provider, "a-secret")


def delta(reason=None, **members):
    return {"choices": [{"index": 0, "delta": members, "finish_reason": reason}], "usage": None}


def piece(index=None, id=None, name=None, arguments=None):
    function = {"name": name, "arguments": arguments}
    found = {
        "index": index,
        "id": id,
        "function": {k: v for k, v in function.items() if v is not None},
    }
    return {key: value for key, value in found.items() if value is not None}


USAGE = {"choices": [], "usage": {"prompt_tokens": 9, "completion_tokens": 4, "total_tokens": 13}}


# Chat


def test_a_chat_stream_thinks_answers_and_calls():
    data = sse(
        delta(role="assistant", content="", reasoning_content="Hm"),
        delta(reasoning_content="."),
        delta(content="Hel"),
        delta(content="lo"),
        delta(tool_calls=[piece(0, "c1", "f", "")]),
        delta(tool_calls=[piece(0, arguments='{"a"')]),
        delta(tool_calls=[piece(0, arguments=":1}")]),
        delta(tool_calls=[piece(1, "c2", "g", "{}")]),
        delta("tool_calls"),
        USAGE,
        "[DONE]",
    )
    assert read("chat", data) == [
        Begin(), ThinkingDelta("Hm"), ThinkingDelta("."), TextDelta("Hel"), TextDelta("lo"),
        ToolBegin("c1", "f"), ToolDelta('{"a"'), ToolDelta(":1}"),
        ToolBegin("c2", "g"), ToolDelta("{}"), Usage(9, 4), Stop("tool"),
    ]  # fmt: skip


def test_google_gives_every_call_the_same_position():
    calls = [piece(0, "c1", "f", "{}"), piece(0, "c2", "g", "{}")]
    found = read("chat", sse(delta("stop", tool_calls=calls)))
    assert found[1:] == [
        ToolBegin("c1", "f"), ToolDelta("{}"), ToolBegin("c2", "g"), ToolDelta("{}"), Stop("tool"),
    ]  # fmt: skip


def test_calls_without_positions_are_told_apart_by_their_ids():
    pieces = [
        piece(id="c1", name="f", arguments="{"),
        piece(arguments="}"),
        piece(id="c2", name="g"),
    ]
    found = read("chat", sse(*(delta(tool_calls=[one]) for one in pieces), delta("tool_calls")))
    assert found[1:] == [
        ToolBegin("c1", "f"), ToolDelta("{"), ToolDelta("}"), ToolBegin("c2", "g"), Stop("tool"),
    ]  # fmt: skip


def test_a_call_without_an_id_gets_one():
    begin = read("chat", sse(delta("stop", tool_calls=[piece(0, "", "f", "{}")])))[1]
    assert begin.name == "f"
    assert begin.id.startswith("call_")


def test_a_piece_of_an_earlier_call_is_not_put_into_another():
    pieces = [piece(0, "c1", "f", "{"), piece(1, "c2", "g", "{}"), piece(0, arguments="}")]
    data = sse(*(delta(tool_calls=[one]) for one in pieces), delta("tool_calls"))
    assert read("chat", data)[-1] is FailureKind.malformed


def test_a_call_that_goes_on_after_a_text_is_not_guessed_at():
    opening, goes_on = piece(0, "c1", "f", "{"), piece(0, arguments="}")
    chunks = [delta(tool_calls=[opening]), delta(content="x"), delta("stop", tool_calls=[goes_on])]
    assert read("chat", sse(*chunks))[-1] is FailureKind.malformed


def test_mistral_mixes_thinking_and_text_in_a_list():
    thinking = {"type": "thinking", "thinking": [{"type": "text", "text": "Hm."}]}
    found = read("chat", sse(delta(content=[thinking]), delta("stop", content="Hi")))
    assert found[1:] == [ThinkingDelta("Hm."), TextDelta("Hi"), Stop("end")]


@pytest.mark.parametrize(
    ("usage", "expected"),
    [
        ({"prompt_tokens": 10, "completion_tokens": 5, "total_tokens": 115,
          "completion_tokens_details": {"reasoning_tokens": 100}}, Usage(10, 105, None, None, 100)),
        ({"prompt_tokens": 10, "completion_tokens": 105, "total_tokens": 115,
          "completion_tokens_details": {"reasoning_tokens": 100}}, Usage(10, 105, None, None, 100)),
        ({"prompt_tokens": 10, "completion_tokens": 5, "total_tokens": 115},
         Usage(10, 105, None, None, 100)),
        ({"prompt_tokens": 10, "completion_tokens": 5, "prompt_cache_hit_tokens": 7},
         Usage(10, 5, 7)),
        ({"prompt_tokens": 10, "completion_tokens": 5, "prompt_tokens_details": {"cached_tokens": 6}},
         Usage(10, 5, 6)),
    ],
)  # fmt: skip
def test_thinking_counts_as_tokens_out_wherever_it_is_counted(usage, expected):
    assert expected in read(
        "chat", sse(delta("stop", content="x"), {"choices": [], "usage": usage})
    )


@pytest.mark.parametrize(
    ("reason", "expected"),
    [
        ("stop", "end"), ("length", "length"), ("content_filter", "refusal"), ("sensitive", "refusal"),
        ("model_length", "length"), ("eos", "end"),
    ],
)  # fmt: skip
def test_a_chat_stream_stops_for_a_reason(reason, expected):
    assert read("chat", sse(delta(reason, content="x")))[-1] == Stop(expected)


@pytest.mark.parametrize("reason", ["error", "network_error", "insufficient_system_resource"])
def test_a_reason_that_is_no_end_is_a_failure(reason):
    assert read("chat", sse(delta(reason, content="x")))[-1] is FailureKind.unavailable


def test_done_alone_is_no_end():
    assert read("chat", sse(delta(content="x"), "[DONE]"))[-1] is FailureKind.truncated
    assert read("chat", sse("[DONE]")) == [Begin(), FailureKind.truncated]


def test_an_error_in_an_array_is_one():
    error = {"error": {"code": 503, "message": "Overloaded.", "status": "UNAVAILABLE"}}
    found = failure("chat", sse(delta(content="x"), [error]))
    assert found.message == "Overloaded."


def test_no_secret_comes_out_of_an_error():
    error = {"error": {"message": "The key a-secret-of-somebody is wrong."}}
    [*_, last] = FORMATS["chat"].read_stream([sse(error)], "somebody", "a-secret-of-somebody")
    assert "a-secret-of-somebody" not in last.failure.message


# What holds for all


def broken(*buffers, error):
    yield from buffers
    raise error


@pytest.mark.parametrize(
    ("error", "kind"), [(Cut(), FailureKind.truncated), (TimedOut(), FailureKind.timed_out)]
)
def test_a_connection_that_breaks_off_is_a_failure(error, kind):
    found = read("chat", broken(sse(delta(content="x")), error=error))
    assert found == [Begin(), TextDelta("x"), kind]


def test_one_that_breaks_after_the_end_took_nothing():
    found = read("chat", broken(sse(delta("stop", content="x")), error=Cut()))
    assert found == [Begin(), TextDelta("x"), Stop("end")]


@pytest.mark.parametrize("name", ["chat", "messages", "responses"])
def test_what_is_no_json_is_a_failure(name):
    assert read(name, sse("<html>"))[-1] is FailureKind.malformed


@pytest.mark.parametrize("data", [sse(delta(content="x")), b""])
def test_one_that_breaks_before_it_took_the_end(data):
    assert read("chat", broken(data, error=Cut()))[-1] is FailureKind.truncated


# Messages


START = {"type": "message_start", "message": {"usage": {
    "input_tokens": 5, "cache_read_input_tokens": 3, "output_tokens": 1}}}  # fmt: skip


def block(index, begin, *deltas):
    yield {"type": "content_block_start", "index": index, "content_block": begin}
    for one in deltas:
        yield {"type": "content_block_delta", "index": index, "delta": one}
    yield {"type": "content_block_stop", "index": index}


def ending(reason, **usage):
    delta = {"stop_reason": reason, "stop_sequence": None}
    yield {"type": "message_delta", "delta": delta, "usage": usage}
    yield {"type": "message_stop"}


ANTHROPIC = [
    START,
    {"type": "ping"},
    *block(0, {"type": "thinking", "thinking": "", "signature": ""},
           {"type": "thinking_delta", "thinking": "Hm"},
           {"type": "signature_delta", "signature": "sealed"}),
    *block(1, {"type": "redacted_thinking", "data": "hidden"}),
    *block(2, {"type": "text", "text": ""}, {"type": "text_delta", "text": "Hi"}),
    *block(3, {"type": "tool_use", "id": "t1", "name": "f", "input": {}},
           {"type": "input_json_delta", "partial_json": ""},
           {"type": "input_json_delta", "partial_json": '{"a":1}'}),
    *ending("tool_use", output_tokens=9),
]  # fmt: skip


def test_a_messages_stream_thinks_answers_and_calls():
    assert read("messages", named(*ANTHROPIC)) == [
        Begin(), Usage(8, 1, 3), ThinkingDelta("Hm"), ThinkingDelta("", "sealed"), BlockEnd(),
        ThinkingDelta("", "hidden", redacted=True), BlockEnd(), TextDelta("Hi"), BlockEnd(),
        ToolBegin("t1", "f"), ToolDelta(""), ToolDelta('{"a":1}'), BlockEnd(),
        Usage(8, 9, 3), Stop("tool"),
    ]  # fmt: skip


def test_thinking_keeps_its_seal_on_the_way_to_a_program_and_back():
    parts = FORMATS["messages"].read_stream([named(*ANTHROPIC)], "somebody", "")
    data = b"".join(FORMATS["messages"].write_stream(parts, "m", "req_1", ChatRequest()))
    again = read("messages", data)
    assert ThinkingDelta("", "sealed") in again
    assert ThinkingDelta("", "hidden", redacted=True) in again
    parts = FORMATS["messages"].read_stream([named(*ANTHROPIC)], "somebody", "")
    data = b"".join(FORMATS["responses"].write_stream(parts, "m", "req_1", ChatRequest()))
    items = json.loads(data.decode().rpartition("data: ")[2])["response"]["output"]
    document = {"input": [{"role": "user", "content": "x"}, *items]}
    first, *_ = FORMATS["responses"].read_request(document).turns[1].blocks
    assert (first.text, first.signature) == ("Hm", "sealed")


def test_redacted_thinking_is_not_shown_to_codex_as_something_it_may_return():
    redacted = block(0, {"type": "redacted_thinking", "data": "hidden"})
    data = named(START, *redacted, *ending("end_turn", output_tokens=1))
    parts = FORMATS["messages"].read_stream([data], "somebody", "")
    assert b"hidden" not in b"".join(
        FORMATS["responses"].write_stream(parts, "m", "r", ChatRequest())
    )


def test_what_an_event_does_not_say_of_the_usage_stays():
    data = named(START, *ending("end_turn", input_tokens=7, output_tokens=9))
    assert read("messages", data)[-2] == Usage(10, 9, 3)


def test_an_error_after_a_good_beginning_is_a_failure():
    error = {"type": "error", "error": {"type": "overloaded_error", "message": "Overloaded"}}
    found = read("messages", named(*ANTHROPIC[:8], error))
    assert found[-1] is FailureKind.overloaded
    assert not any(isinstance(part, Stop) for part in found)


def test_a_call_without_arguments_is_an_empty_object_to_programs():
    call = block(0, {"type": "tool_use", "id": "t1", "name": "f", "input": {}})
    data = named(START, *call, *ending("tool_use", output_tokens=1))
    parts = FORMATS["messages"].read_stream([data], "somebody", "")
    chunks = b"".join(FORMATS["chat"].write_stream(parts, "m", "req_1", ChatRequest())).decode()
    assert '"arguments":"{}"' in chunks


def test_the_answer_of_the_json_tool_is_text():
    call = block(0, {"type": "tool_use", "id": "t1", "name": JSON_TOOL, "input": {}},
                 {"type": "input_json_delta", "partial_json": '{"a"'},
                 {"type": "input_json_delta", "partial_json": ":1}"})  # fmt: skip
    found = read("messages", named(START, *call, *ending("tool_use", output_tokens=1)))
    assert [part for part in found if isinstance(part, TextDelta | ToolBegin)] == [
        TextDelta('{"a"'), TextDelta(":1}"),
    ]  # fmt: skip
    assert found[-1] == Stop("end")


def test_nothing_that_follows_the_end_of_a_message_is_read():
    error = {"type": "error", "error": {"type": "overloaded_error", "message": "Overloaded"}}
    assert read("messages", named(*ANTHROPIC, error)) == read("messages", named(*ANTHROPIC))


# Responses


def item(index, kind, **members):
    return {"output_index": index, "item": {"type": kind, **members}}


def response(status="completed", **members):
    return {"status": status, "error": None, "output": [], **members}


AGENT = [
    {"type": "response.created", "response": response("in_progress")},
    {"type": "response.in_progress", "response": response("in_progress")},
    {"type": "response.output_item.added", **item(0, "reasoning")},
    {"type": "response.reasoning_summary_text.delta", "delta": "Hm"},
    {"type": "response.output_item.done", **item(0, "reasoning")},
    {"type": "response.output_item.added", **item(1, "message")},
    {"type": "response.output_text.delta", "delta": "Hi"},
    {"type": "response.output_text.done", "text": "Hi"},
    {"type": "response.output_item.done", **item(1, "message", content=[{"text": "Hi"}])},
    {"type": "response.output_item.added", **item(2, "function_call", call_id="c1", name="f")},
    {"type": "response.function_call_arguments.delta", "delta": "{}"},
    {"type": "response.output_item.done", **item(2, "function_call", arguments="{}")},
]
DONE = response(usage={"input_tokens": 7, "output_tokens": 2, "cost": {"total_cost": 0.0051}})


def test_a_responses_stream_thinks_answers_and_calls():
    found = read("responses", named(*AGENT, {"type": "response.completed", "response": DONE}))
    assert [part for part in found if part != BlockEnd()] == [
        Begin(), ThinkingDelta("Hm"), TextDelta("Hi"), ToolBegin("c1", "f"), ToolDelta("{}"),
        Usage(7, 2, cost_microusd=5100), Stop("tool"),
    ]  # fmt: skip


def test_what_came_whole_is_told_once():
    whole = [
        AGENT[0],
        {"type": "response.output_item.added", **item(0, "function_call", call_id="c1", name="f")},
        {"type": "response.output_item.done", **item(0, "function_call", arguments='{"a":1}')},
        {"type": "response.output_item.added", **item(1, "message")},
        {"type": "response.output_item.done", **item(1, "message", content=[{"text": "Hi"}])},
        {"type": "response.output_text.delta", "delta": "x"},
        {"type": "response.output_item.added", **item(2, "message")},
        {"type": "response.output_item.done", **item(2, "message", content=[{"text": "again"}])},
        {"type": "response.completed", "response": DONE},
    ]
    found = [part for part in read("responses", named(*whole)) if part != BlockEnd()]
    assert found[1:6] == [
        ToolBegin("c1", "f"), ToolDelta('{"a":1}'), TextDelta("Hi"), TextDelta("x"), TextDelta("again"),
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("reason", "expected"), [("max_output_tokens", "length"), ("content_filter", "refusal")]
)
def test_an_incomplete_response_stops_for_its_reason(reason, expected):
    over = response("incomplete", incomplete_details={"reason": reason})
    event = {"type": "response.incomplete", "response": over}
    assert read("responses", named(AGENT[0], event))[-1] == Stop(expected)


@pytest.mark.parametrize(
    "event",
    [
        {"type": "response.failed", "response": response("failed", error={
            "code": "server_error", "message": "It broke."})},
        {"type": "response.failed", "error": {"message": "It broke."}},
        {"type": "error", "code": "server_error", "message": "It broke.", "param": None},
    ],
)  # fmt: skip
def test_a_failed_response_is_a_failure(event):
    found = failure("responses", named(*AGENT[:7], event))
    assert (found.kind, found.message) == (FailureKind.unavailable, "It broke.")


# Converse


BEDROCK = [
    ("messageStart", {"role": "assistant"}),
    ("contentBlockDelta", {"contentBlockIndex": 0, "delta": {"reasoningContent": {"text": "Hm"}}}),
    ("contentBlockDelta", {"contentBlockIndex": 0, "delta": {"reasoningContent": {"signature": "s"}}}),
    ("contentBlockStop", {"contentBlockIndex": 0}),
    ("contentBlockDelta", {"contentBlockIndex": 1, "delta": {"text": "Hi"}}),
    ("contentBlockStop", {"contentBlockIndex": 1}),
    ("contentBlockStart", {"contentBlockIndex": 2, "start": {"toolUse": {"toolUseId": "t", "name": "f"}}}),
    ("contentBlockDelta", {"contentBlockIndex": 2, "delta": {"toolUse": {"input": "{}"}}}),
    ("contentBlockStop", {"contentBlockIndex": 2}),
    ("messageStop", {"stopReason": "tool_use"}),
    ("metadata", {"usage": {"inputTokens": 4, "outputTokens": 3, "cacheReadInputTokens": 2}}),
]  # fmt: skip


def test_a_converse_stream_thinks_answers_and_calls():
    assert read("converse", BEDROCK) == [
        Begin(), ThinkingDelta("Hm"), ThinkingDelta("", "s"), BlockEnd(), TextDelta("Hi"), BlockEnd(),
        ToolBegin("t", "f"), ToolDelta("{}"), BlockEnd(), Usage(6, 3, 2), Stop("tool"),
    ]  # fmt: skip


@pytest.mark.parametrize("length", range(len(BEDROCK) - 2))
def test_a_converse_stream_without_its_end_is_truncated(length):
    assert read("converse", BEDROCK[:length])[-1] is FailureKind.truncated


@pytest.mark.parametrize(
    ("name", "kind"),
    [
        ("throttlingException", FailureKind.rate_limited),
        ("ThrottlingException", FailureKind.rate_limited),
        ("modelStreamErrorException", FailureKind.unavailable),
        ("serviceUnavailableException", FailureKind.overloaded),
    ],
)
def test_an_exception_among_the_frames_is_a_failure(name, kind):
    events = [*BEDROCK[:5], (f"exception:{name}", {"message": "Too much."})]
    found = failure("converse", events, "bedrock")
    assert (found.kind, found.message) == (kind, "Too much.")


def test_a_model_that_garbles_its_answer_is_a_failure():
    events = [*BEDROCK[:6], ("messageStop", {"stopReason": "malformed_tool_use"})]
    assert read("converse", events)[-1] is FailureKind.malformed


# Whatever comes


WHOLE_STREAMS = {
    "chat": sse(delta(role="assistant"), delta(content="Zwölf"), delta("stop"), USAGE, "[DONE]"),
    "messages": named(*ANTHROPIC),
    "responses": named(*AGENT, {"type": "response.completed", "response": DONE}),
}


@pytest.mark.parametrize("name", WHOLE_STREAMS)
@given(size=st.integers(1, 40))
def test_how_finely_a_stream_is_cut_makes_no_difference(name, size):
    data = WHOLE_STREAMS[name]
    pieces = [data[start : start + size] for start in range(0, len(data), size)]
    assert read(name, pieces) == read(name, data)


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=4),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(
            st.sampled_from(
                ["choices", "delta", "content", "usage", "message", "type", "text", "response"]
            ),
            inner,
            max_size=4,
        )
    ),
    max_leaves=15,
)


@pytest.mark.parametrize("name", WHOLE_STREAMS)
@given(document=JSON)
def test_no_document_whatever_makes_a_stream_raise(name, document):
    parts = list(parts_of(name, sse(document), "somebody"))
    assert isinstance(parts[-1], Stop | Failed)
    assert not any(isinstance(part, Stop | Failed) for part in parts[:-1])


# What programs get


@pytest.mark.parametrize(
    ("wanted", "last"), [(True, '"choices":[]'), (False, '"finish_reason":"stop"')]
)
def test_a_chat_stream_tells_its_usage_only_where_that_was_asked(wanted, last):
    parts = [Begin(), TextDelta("x"), Usage(3, 1), Stop("end")]
    request = ChatRequest(include_usage=wanted)
    *chunks, done = (
        b"".join(FORMATS["chat"].write_stream(parts, "m", "r", request)).decode().split("\n\n")[:-1]
    )
    assert done == "data: [DONE]"
    assert last in chunks[-1]
    assert ("usage" in chunks[0]) is wanted


def test_each_part_is_on_its_way_as_soon_as_it_is_there():
    """Nothing waits for what comes later."""
    for name in ("chat", "messages", "responses"):
        progress = []
        parts = (
            progress.append(part) or part for part in [Begin(), TextDelta("one"), TextDelta("two")]
        )
        for event in FORMATS[name].write_stream(parts, "m", "r", ChatRequest()):
            if b'"one"' in event:
                assert progress == [Begin(), TextDelta("one")]
                break
        else:
            pytest.fail("The text never came.")
