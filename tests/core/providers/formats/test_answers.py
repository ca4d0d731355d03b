"""Whole answers of providers, as they come, in the words of each program."""

import json

import pytest

from core.providers.documents import Malformed
from core.providers.formats import FORMATS
from core.providers.formats.json_tool import NAME as JSON_TOOL
from core.providers.formats.request import Text, Thinking, ToolCall
from core.providers.formats.response import Stop, Usage

ANTHROPIC = {
    "id": "msg_01", "type": "message", "role": "assistant", "model": "claude-haiku-4-5",
    "content": [
        {"type": "thinking", "thinking": "Hm", "signature": "sealed"},
        {"type": "text", "text": "Hello"},
        {"type": "tool_use", "id": "toolu_1", "name": "f", "input": {"a": 1}},
    ],
    "stop_reason": "tool_use", "stop_sequence": None,
    "usage": {"input_tokens": 5, "cache_creation_input_tokens": 1, "cache_read_input_tokens": 2,
              "output_tokens": 9, "output_tokens_details": {"thinking_tokens": 4}},
}  # fmt: skip
BEDROCK = {
    "output": {"message": {"role": "assistant", "content": [
        {"reasoningContent": {"reasoningText": {"text": "Hm", "signature": "sealed"}}},
        {"text": "Hello"},
        {"toolUse": {"toolUseId": "toolu_1", "name": "f", "input": {"a": 1}}},
    ]}},
    "stopReason": "tool_use",
    "usage": {"inputTokens": 5, "outputTokens": 9, "totalTokens": 17,
              "cacheReadInputTokens": 2, "cacheWriteInputTokens": 1},
    "metrics": {"latencyMs": 1},
}  # fmt: skip
OPENAI = {
    "id": "chatcmpl-1", "object": "chat.completion", "model": "m", "choices": [{
        "index": 0, "finish_reason": "tool_calls", "message": {
            "role": "assistant", "content": "Hello", "reasoning_content": "Hm", "tool_calls": [
                {"id": "toolu_1", "type": "function", "function": {"name": "f", "arguments": '{"a":1}'}}]},
    }],
    "usage": {"prompt_tokens": 8, "completion_tokens": 9, "total_tokens": 17,
              "prompt_tokens_details": {"cached_tokens": 2}},
}  # fmt: skip
PERPLEXITY = {
    "id": "resp_1", "object": "response", "status": "completed", "model": "perplexity/sonar",
    "output": [
        {"type": "search_results", "results": []},
        {"type": "message", "role": "assistant", "content": [{"type": "output_text", "text": "Hello"}]},
    ],
    "usage": {"input_tokens": 8, "output_tokens": 9, "total_tokens": 17,
              "cost": {"currency": "USD", "total_cost": 0.000021}},
}  # fmt: skip
BLOCKS = (Thinking("Hm", "sealed"), Text("Hello"), ToolCall("toolu_1", "f", '{"a":1}'))


def translated(provider, caller, document):
    response = FORMATS[provider].read_answer(document)
    found = FORMATS[caller].write_answer(response, "asked-for", "req_abc")
    return json.loads(json.dumps(found))


def test_an_answer_of_anthropic_is_read():
    found = FORMATS["messages"].read_answer(ANTHROPIC)
    assert (found.blocks, found.stop) == (BLOCKS, Stop("tool"))
    assert found.usage == Usage(8, 9, cached=2, cache_written=1, reasoning=4)


def test_an_answer_of_bedrock_is_read():
    found = FORMATS["converse"].read_answer(BEDROCK)
    assert (found.blocks, found.stop) == (BLOCKS, Stop("tool"))
    assert found.usage == Usage(8, 9, cached=2, cache_written=1)


def test_an_answer_of_openai_is_read():
    found = FORMATS["chat"].read_answer(OPENAI)
    assert (found.blocks, found.stop) == ((Thinking("Hm"), *BLOCKS[1:]), Stop("tool"))
    assert found.usage == Usage(8, 9, cached=2)


def test_an_answer_of_perplexity_is_read_with_its_price():
    found = FORMATS["responses"].read_answer(PERPLEXITY)
    assert (found.blocks, found.stop) == ((Text("Hello"),), Stop("end"))
    assert found.usage == Usage(8, 9, cost_microusd=21)


@pytest.mark.parametrize(("provider", "document"), [("messages", ANTHROPIC), ("converse", BEDROCK)])
def test_chat_programs_get_it_in_their_words(provider, document):
    found = translated(provider, "chat", document)
    assert found["id"] == "chatcmpl-abc"
    assert found["model"] == "asked-for"
    (choice,) = found["choices"]
    assert choice["finish_reason"] == "tool_calls"
    assert choice["message"] == {
        "role": "assistant", "content": "Hello", "refusal": None, "reasoning_content": "Hm",
        "tool_calls": [{"id": "toolu_1", "type": "function",
                        "function": {"name": "f", "arguments": '{"a":1}'}}],
    }  # fmt: skip
    assert found["usage"]["prompt_tokens"] == 8
    assert found["usage"]["total_tokens"] == 17
    assert found["usage"]["prompt_tokens_details"] == {"cached_tokens": 2}


def test_claude_code_gets_it_in_its_words():
    found = translated("chat", "messages", OPENAI)
    assert found == {
        "id": "msg_abc", "type": "message", "role": "assistant", "model": "asked-for",
        "content": [
            {"type": "thinking", "thinking": "Hm", "signature": ""},
            {"type": "text", "text": "Hello"},
            {"type": "tool_use", "id": "toolu_1", "name": "f", "input": {"a": 1}},
        ],
        "stop_reason": "tool_use", "stop_sequence": None,
        "usage": {"input_tokens": 6, "output_tokens": 9, "cache_creation_input_tokens": 0,
                  "cache_read_input_tokens": 2},
    }  # fmt: skip


def test_codex_gets_it_in_its_words():
    found = translated("messages", "responses", ANTHROPIC)
    assert (found["id"], found["status"], found["error"]) == ("resp_abc", "completed", None)
    thought, message, call = found["output"]
    assert thought["summary"] == [{"type": "summary_text", "text": "Hm"}]
    assert thought["encrypted_content"].endswith("sealed")
    assert message["content"][0]["text"] == "Hello"
    assert (call["call_id"], call["name"], call["arguments"]) == ("toolu_1", "f", '{"a":1}')
    assert len({item["id"] for item in found["output"]}) == 3
    assert found["usage"]["total_tokens"] == 17


@pytest.mark.parametrize(
    ("reason", "chat", "status"),
    [
        ("end_turn", "stop", "completed"), ("stop_sequence", "stop", "completed"),
        ("max_tokens", "length", "incomplete"), ("refusal", "content_filter", "incomplete"),
        ("model_context_window_exceeded", "length", "incomplete"),
    ],
)  # fmt: skip
def test_why_anthropic_stopped_is_said_in_each_language(reason, chat, status):
    document = ANTHROPIC | {"stop_reason": reason, "content": [{"type": "text", "text": "x"}]}
    assert translated("messages", "chat", document)["choices"][0]["finish_reason"] == chat
    assert translated("messages", "responses", document)["status"] == status


@pytest.mark.parametrize(
    ("reason", "expected"),
    [
        ("stop", "end_turn"),
        ("length", "max_tokens"),
        ("content_filter", "refusal"),
        ("eos", "end_turn"),
    ],
)
def test_why_a_chat_provider_stopped_is_said_in_anthropics_words(reason, expected):
    choice = {"message": {"content": "x"}, "finish_reason": reason}
    assert translated("chat", "messages", {"choices": [choice]})["stop_reason"] == expected


def test_the_answer_of_the_json_tool_is_text():
    call = {"type": "tool_use", "id": "t", "name": JSON_TOOL, "input": {"a": "é"}}
    found = translated("messages", "chat", ANTHROPIC | {"content": [call]})
    (choice,) = found["choices"]
    assert choice["message"]["content"] == '{"a":"é"}'
    assert "tool_calls" not in choice["message"]
    assert choice["finish_reason"] == "stop"


def test_the_json_tool_beside_another_still_stops_for_that():
    call = {"type": "tool_use", "id": "t", "name": JSON_TOOL, "input": {}}
    found = translated("messages", "chat", ANTHROPIC | {"content": [call, ANTHROPIC["content"][2]]})
    assert found["choices"][0]["finish_reason"] == "tool_calls"


@pytest.mark.parametrize(
    ("name", "document"),
    [
        ("chat", {"choices": []}),
        ("chat", {"choices": [{"message": {"content": "x"}}]}),
        ("chat", {"choices": [{"message": {"content": "x"}, "finish_reason": "network_error"}]}),
        ("messages", {"content": "x", "stop_reason": "end_turn"}),
        ("messages", {"content": []}),
        ("responses", {"output": None}),
        ("responses", {"output": [], "status": "cancelled"}),
        ("converse", {"output": {}, "stopReason": "end_turn"}),
        ("converse", BEDROCK | {"stopReason": "malformed_model_output"}),
    ],
)
def test_what_is_no_whole_answer_is_not_taken_for_one(name, document):
    with pytest.raises(Malformed):
        FORMATS[name].read_answer(document)
