"""What each provider is sent for what a program asked in another format, word for word."""

import json

import pytest

from core.errors import Invalid
from core.providers.formats import FORMATS
from core.providers.formats.json_tool import NAME as JSON_TOOL

PNG = "data:image/png;base64,aGk="
WEATHER = {"type": "object", "properties": {"city": {"type": "string"}}, "required": ["city"]}


def translated(caller, provider, document, model="some-model"):
    request = FORMATS[caller].read_request({"model": "m", **document})
    found = FORMATS[provider].write_request(request, model)
    json.dumps(found)
    return found


CHAT = {
    "messages": [
        {"role": "system", "content": "Be brief."},
        {"role": "user", "content": [
            {"type": "text", "text": "What is this?"},
            {"type": "image_url", "image_url": {"url": PNG, "detail": "high"}},
        ]},
        {"role": "assistant", "content": None, "tool_calls": [
            {"id": "c1", "type": "function", "function": {"name": "f", "arguments": '{"city": "Bern"}'}},
            {"id": "c2", "type": "function", "function": {"name": "f", "arguments": ""}},
        ]},
        {"role": "tool", "tool_call_id": "c1", "content": "Sun"},
        {"role": "tool", "tool_call_id": "c2", "content": [{"type": "text", "text": "Rain"}]},
        {"role": "user", "content": "And now?"},
    ],
    "tools": [{"type": "function", "function": {
        "name": "f", "description": "Weather", "parameters": WEATHER, "strict": True}}],
    "tool_choice": "required",
    "parallel_tool_calls": False,
    "max_completion_tokens": 50,
    "temperature": 0,
    "stop": "END",
    "user": "u1",
    "stream": True,
    "stream_options": {"include_usage": True},
    "n": 1,
    "logprobs": False,
    "store": True,
}  # fmt: skip


def test_chat_is_sent_to_anthropic():
    assert translated("chat", "messages", CHAT) == {
        "model": "some-model",
        "max_tokens": 50,
        "system": "Be brief.",
        "messages": [
            {"role": "user", "content": [
                {"type": "text", "text": "What is this?"},
                {"type": "image", "source": {
                    "type": "base64", "media_type": "image/png", "data": "aGk="}},
            ]},
            {"role": "assistant", "content": [
                {"type": "tool_use", "id": "c1", "name": "f", "input": {"city": "Bern"}},
                {"type": "tool_use", "id": "c2", "name": "f", "input": {}},
            ]},
            {"role": "user", "content": [
                {"type": "tool_result", "tool_use_id": "c1", "content": [{"type": "text", "text": "Sun"}]},
                {"type": "tool_result", "tool_use_id": "c2", "content": [{"type": "text", "text": "Rain"}]},
                {"type": "text", "text": "And now?"},
            ]},
        ],
        "tools": [{"name": "f", "description": "Weather", "input_schema": WEATHER, "strict": True}],
        "tool_choice": {"type": "any", "disable_parallel_tool_use": True},
        "temperature": 0,
        "stop_sequences": ["END"],
        "metadata": {"user_id": "u1"},
        "stream": True,
    }  # fmt: skip


def test_chat_is_sent_to_bedrock():
    found = translated("chat", "converse", CHAT, "eu.anthropic.claude-haiku-5-5")
    assert found == {
        "system": [{"text": "Be brief."}],
        "messages": [
            {"role": "user", "content": [
                {"text": "What is this?"},
                {"image": {"format": "png", "source": {"bytes": "aGk="}}},
            ]},
            {"role": "assistant", "content": [
                {"toolUse": {"toolUseId": "c1", "name": "f", "input": {"city": "Bern"}}},
                {"toolUse": {"toolUseId": "c2", "name": "f", "input": {}}},
            ]},
            {"role": "user", "content": [
                {"toolResult": {"toolUseId": "c1", "content": [{"text": "Sun"}], "status": "success"}},
                {"toolResult": {"toolUseId": "c2", "content": [{"text": "Rain"}], "status": "success"}},
                {"text": "And now?"},
            ]},
        ],
        "inferenceConfig": {"maxTokens": 50, "temperature": 0, "stopSequences": ["END"]},
        "toolConfig": {"tools": [{"toolSpec": {
            "name": "f", "description": "Weather", "inputSchema": {"json": WEATHER}, "strict": True}}]},
        "additionalModelRequestFields": {
            "tool_choice": {"type": "any", "disable_parallel_tool_use": True}},
    }  # fmt: skip


def test_chat_is_sent_to_perplexity():
    document = {**CHAT, "stop": None, "tools": None}
    assert translated("chat", "responses", document) == {
        "model": "some-model",
        "instructions": "Be brief.",
        "input": [
            {"type": "message", "role": "user", "content": [
                {"type": "input_text", "text": "What is this?"},
                {"type": "input_image", "image_url": PNG, "detail": "auto"},
            ]},
            {"type": "function_call", "call_id": "c1", "name": "f", "arguments": '{"city": "Bern"}'},
            {"type": "function_call", "call_id": "c2", "name": "f", "arguments": "{}"},
            {"type": "function_call_output", "call_id": "c1", "output": "Sun"},
            {"type": "function_call_output", "call_id": "c2", "output": "Rain"},
            {"type": "message", "role": "user", "content": "And now?"},
        ],
        "max_output_tokens": 50,
        "temperature": 0,
        "user": "u1",
        "stream": True,
        "store": False,
    }  # fmt: skip


CLAUDE_CODE = {
    "max_tokens": 32000,
    "stream": True,
    "system": [
        {"type": "text", "text": "You are Claude Code.", "cache_control": {"type": "ephemeral"}},
        {"type": "text", "text": "Be careful."},
    ],
    "messages": [
        {"role": "user", "content": [
            {"type": "text", "text": "<system-reminder>x</system-reminder>"},
            {"type": "text", "text": "List files.", "cache_control": {"type": "ephemeral"}},
        ]},
        {"role": "system", "content": "Today is Wednesday."},
        {"role": "assistant", "content": [
            {"type": "thinking", "thinking": "I list.", "signature": ""},
            {"type": "text", "text": "Listing."},
            {"type": "tool_use", "id": "toolu_1", "name": "Bash", "input": {"command": "ls"}},
            {"type": "tool_use", "id": "toolu_2", "name": "Read", "input": {}},
        ]},
        {"role": "user", "content": [
            {"type": "text", "text": "Here."},
            {"type": "tool_result", "tool_use_id": "toolu_1", "content": "a.py"},
            {"type": "tool_result", "tool_use_id": "toolu_2", "is_error": True, "content": [
                {"type": "text", "text": "No such file"},
                {"type": "image", "source": {
                    "type": "base64", "media_type": "image/png", "data": "aGk="}},
            ]},
        ]},
    ],
    "tools": [{"name": "Bash", "description": "Runs", "input_schema": WEATHER, "cache_control": None,
               "eager_input_streaming": True}],
    "metadata": {"user_id": "user_x"},
    "thinking": {"type": "adaptive"},
    "output_config": {"effort": "high"},
    "context_management": {"edits": [{"type": "clear_thinking_20251015", "keep": "all"}]},
}  # fmt: skip


def test_claude_code_is_sent_to_a_chat_provider():
    assert translated("messages", "chat", CLAUDE_CODE) == {
        "model": "some-model",
        "messages": [
            {"role": "system",
             "content": "You are Claude Code.\n\nBe careful.\n\nToday is Wednesday."},
            {"role": "user", "content": "<system-reminder>x</system-reminder>\n\nList files."},
            {"role": "assistant", "content": "Listing.", "reasoning_content": "I list.", "tool_calls": [
                {"id": "toolu_1", "type": "function",
                 "function": {"name": "Bash", "arguments": '{"command": "ls"}'}},
                {"id": "toolu_2", "type": "function", "function": {"name": "Read", "arguments": "{}"}},
            ]},
            {"role": "tool", "tool_call_id": "toolu_1", "content": "a.py"},
            {"role": "tool", "tool_call_id": "toolu_2", "content": "Error: No such file"},
            {"role": "user", "content": [
                {"type": "text", "text": "From the result of toolu_2:"},
                {"type": "image_url", "image_url": {"url": PNG}},
                {"type": "text", "text": "Here."},
            ]},
        ],
        "tools": [{"type": "function", "function": {
            "name": "Bash", "description": "Runs", "parameters": WEATHER}}],
        "max_tokens": 32000,
        "stream": True,
        "stream_options": {"include_usage": True},
    }  # fmt: skip


def test_claude_code_is_sent_to_claude_at_bedrock_with_its_thinking():
    document = json.loads(json.dumps(CLAUDE_CODE))
    document["messages"][2]["content"][0]["signature"] = "sealed"
    document["messages"][2]["content"].insert(1, {"type": "redacted_thinking", "data": "eA=="})
    found = translated("messages", "converse", document, "anthropic.claude-opus-5-5")
    thought, redacted, *_ = found["messages"][1]["content"]
    assert thought == {
        "reasoningContent": {"reasoningText": {"text": "I list.", "signature": "sealed"}}
    }
    assert redacted == {"reasoningContent": {"redactedContent": "eA=="}}
    assert found["additionalModelRequestFields"] == {"thinking": {"type": "adaptive"}}
    result = found["messages"][2]["content"][1]["toolResult"]
    assert result["status"] == "error"
    assert result["content"][1] == {"image": {"format": "png", "source": {"bytes": "aGk="}}}


def test_claude_code_keeps_its_cache_at_bedrock():
    found = translated("messages", "converse", CLAUDE_CODE, "anthropic.claude-opus-5-5")
    point = {"cachePoint": {"type": "default"}}
    holders = [found["system"], found["toolConfig"]["tools"], found["messages"][-1]["content"]]
    assert [holder[-1] for holder in holders] == [point] * 3
    assert json.dumps(found).count("cachePoint") == 3
    for model, document in [("amazon.nova", CLAUDE_CODE), ("anthropic.claude", ASKS)]:
        assert "cachePoint" not in json.dumps(translated("messages", "converse", document, model))


CODEX = {
    "instructions": "You are Codex.",
    "input": [
        {"type": "message", "role": "developer", "content": [{"type": "input_text", "text": "Sandboxed."}]},
        {"type": "message", "role": "user", "content": [{"type": "input_text", "text": "List."}]},
        {"type": "reasoning", "id": "rs_1", "summary": [{"type": "summary_text", "text": "I list."}],
         "encrypted_content": "mvt1.sealed"},
        {"type": "reasoning", "id": "rs_2", "summary": [{"type": "summary_text", "text": "Not ours."}],
         "encrypted_content": "gAAAA"},
        {"type": "function_call", "call_id": "c1", "name": "exec", "arguments": '{"cmd":["ls"]}'},
        {"type": "function_call_output", "call_id": "c1", "output": "a.py"},
    ],
    "tools": [{"type": "function", "name": "exec", "description": "Runs", "strict": False,
               "parameters": WEATHER}],
    "tool_choice": "auto",
    "parallel_tool_calls": False,
    "reasoning": {"effort": "medium", "summary": "auto"},
    "store": False,
    "stream": True,
    "include": ["reasoning.encrypted_content"],
    "prompt_cache_key": "x",
    "text": {"verbosity": "low"},
}  # fmt: skip


def test_codex_is_sent_to_anthropic():
    found = translated("responses", "messages", CODEX)
    assert found == {
        "model": "some-model",
        "max_tokens": 8192,
        "system": "You are Codex.\n\nSandboxed.",
        "messages": [
            {"role": "user", "content": "List."},
            {"role": "assistant", "content": [
                {"type": "thinking", "thinking": "I list.", "signature": "sealed"},
                {"type": "tool_use", "id": "c1", "name": "exec", "input": {"cmd": ["ls"]}},
            ]},
            {"role": "user", "content": [
                {"type": "tool_result", "tool_use_id": "c1", "content": [{"type": "text", "text": "a.py"}]},
            ]},
        ],
        "tools": [{"name": "exec", "description": "Runs", "input_schema": WEATHER}],
        "tool_choice": {"type": "auto", "disable_parallel_tool_use": True},
        "stream": True,
    }  # fmt: skip


def test_codex_is_sent_to_a_chat_provider():
    found = translated("responses", "chat", CODEX)
    assert found["messages"] == [
        {"role": "system", "content": "You are Codex.\n\nSandboxed."},
        {"role": "user", "content": "List."},
        {"role": "assistant", "content": None, "tool_calls": [
            {"id": "c1", "type": "function",
             "function": {"name": "exec", "arguments": '{"cmd":["ls"]}'}}]},
        {"role": "tool", "tool_call_id": "c1", "content": "a.py"},
    ]  # fmt: skip
    assert found["reasoning_effort"] == "medium"
    assert found["parallel_tool_calls"] is False


ASKS = {"messages": [{"role": "user", "content": "x"}]}


def test_without_a_limit_anthropic_may_answer_as_long_as_the_model_can():
    assert translated("chat", "messages", ASKS, "claude-haiku-4-5")["max_tokens"] == 64_000
    assert translated("chat", "messages", ASKS, "unlisted")["max_tokens"] == 8192
    assert "inferenceConfig" not in translated("chat", "converse", ASKS)


def test_a_limit_has_the_name_that_the_model_knows():
    asks = {**ASKS, "max_tokens": 9}
    assert translated("messages", "chat", asks, "gpt-5-mini")["max_completion_tokens"] == 9
    assert translated("messages", "chat", asks, "mistral-small-latest")["max_tokens"] == 9
    assert translated("messages", "chat", asks, "gpt-99-not-listed")["max_completion_tokens"] == 9
    assert translated("messages", "chat", asks, "grok-99-not-listed")["max_tokens"] == 9
    assert translated("messages", "chat", asks, "of-nobody-we-know")["max_tokens"] == 9


SCHEMA = {"type": "object", "properties": {"a": {"type": "integer"}}}
JSON_MODE = {"type": "json_object"}
JSON_SCHEMA = {
    "type": "json_schema",
    "json_schema": {"name": "n", "schema": SCHEMA, "strict": True},
}


@pytest.mark.parametrize(
    ("wanted", "schema", "strict"),
    [(JSON_MODE, {"type": "object"}, False), (JSON_SCHEMA, SCHEMA, True)],
)
def test_json_is_asked_of_anthropic_and_bedrock_by_a_tool(wanted, schema, strict):
    found = translated("chat", "messages", {**ASKS, "response_format": wanted})
    (tool,) = found["tools"]
    assert (tool["name"], tool["input_schema"]) == (JSON_TOOL, schema)
    assert tool.get("strict", False) is strict
    choice = {"type": "tool", "name": JSON_TOOL, "disable_parallel_tool_use": True}
    assert found["tool_choice"] == choice
    found = translated("chat", "converse", {**ASKS, "response_format": wanted})
    assert found["toolConfig"]["tools"][0]["toolSpec"]["inputSchema"] == {"json": schema}
    assert found["toolConfig"]["toolChoice"] == {"tool": {"name": JSON_TOOL}}


@pytest.mark.parametrize(
    ("choice", "expected"),
    [
        (None, {"type": "any"}),
        ("auto", {"type": "any"}),
        ("none", {"type": "tool", "name": JSON_TOOL, "disable_parallel_tool_use": True}),
        ("required", {"type": "any"}),
        ({"type": "function", "function": {"name": "f"}}, {"type": "tool", "name": "f"}),
    ],
)
def test_json_leaves_the_program_its_own_tools(choice, expected):
    tools = [{"type": "function", "function": {"name": "f"}}]
    asks = {**ASKS, "response_format": JSON_MODE, "tools": tools, "tool_choice": choice}
    found = translated("chat", "messages", asks)
    assert found["tool_choice"] == expected
    names = [tool["name"] for tool in found["tools"]]
    has_answer = choice in (None, "auto", "none")
    assert names == (["f", JSON_TOOL] if has_answer else ["f"])


def test_structured_output_of_anthropic_is_a_json_schema_elsewhere():
    asks = {**ASKS, "output_config": {"format": {"type": "json_schema", "schema": SCHEMA}}}
    schema = {"name": "answer", "strict": True, "schema": SCHEMA}
    assert translated("messages", "chat", asks)["response_format"]["json_schema"] == schema


def test_thinking_without_a_seal_is_not_sent_where_it_would_be_refused():
    found = translated("messages", "messages", CLAUDE_CODE)
    kinds = [block["type"] for block in found["messages"][1]["content"]]
    assert kinds == ["text", "tool_use", "tool_use"]
    found = translated("messages", "converse", CLAUDE_CODE)
    assert "reasoningContent" not in json.dumps(found)


def test_a_schema_is_held_to_strict_rules_only_where_that_was_asked():
    for strict, expected in ((None, False), (False, False), (True, True)):
        function = {"name": "f", "parameters": WEATHER, "strict": strict}
        tools = [{"type": "function", "function": function}]
        (found,) = translated("chat", "responses", {**ASKS, "tools": tools})["tools"]
        assert found["strict"] is expected


def test_ids_that_anthropic_refuses_stay_together_under_another_name():
    call = {"id": "functions.Bash:0", "type": "function", "function": {"name": "Bash"}}
    messages = [
        {"role": "user", "content": "x"},
        {"role": "assistant", "tool_calls": [call]},
        {"role": "tool", "tool_call_id": "functions.Bash:0", "content": ""},
    ]
    _, called, result = translated("chat", "messages", {"messages": messages})["messages"]
    assert called["content"][0]["id"] == result["content"][0]["tool_use_id"]
    assert called["content"][0]["id"].replace("_", "").replace("-", "").isalnum()


def test_turns_of_one_role_become_one():
    messages = [
        {"role": "user", "content": "a"},
        {"role": "user", "content": " "},
        {"role": "assistant", "content": ""},
        {"role": "user", "content": "b"},
    ]
    (found,) = translated("chat", "messages", {"messages": messages})["messages"]
    assert found["content"] == [{"type": "text", "text": "a"}, {"type": "text", "text": "b"}]


@pytest.mark.parametrize(
    ("provider", "document", "field"),
    [
        ("messages", {"temperature": 1.5}, "temperature"),
        ("converse", {"temperature": 1.5}, "temperature"),
        ("responses", {"stop": ["x"]}, "stop"),
        ("converse", {"parallel_tool_calls": False, "tools": CHAT["tools"]}, "parallel_tool_calls"),
        ("messages", {"response_format": {"type": "json_schema", "json_schema": {
            "schema": {"type": "array"}}}}, "response_format"),
        ("converse", {"messages": [{"role": "user", "content": [
            {"type": "image_url", "image_url": {"url": "https://example.com/a.png"}}]}]}, "image_url"),
        ("messages", {"messages": [{"role": "assistant", "tool_calls": [
            {"id": "a", "type": "function", "function": {"name": "f", "arguments": "[1"}}]}]}, "arguments"),
    ],
)  # fmt: skip
def test_what_a_provider_has_no_word_for_is_refused_by_name(provider, document, field):
    with pytest.raises(Invalid) as refused:
        translated("chat", provider, {**ASKS, **document})
    assert refused.value.field == field


def test_a_choice_of_no_tool_is_kept_at_bedrock():
    asks = {**ASKS, "tools": CHAT["tools"], "tool_choice": "none"}
    assert "toolConfig" not in translated("chat", "converse", asks)
    found = translated("chat", "converse", asks, "anthropic.claude-haiku-5-5")
    assert found["additionalModelRequestFields"] == {"tool_choice": {"type": "none"}}
    with pytest.raises(Invalid):
        translated("chat", "converse", {**CHAT, "tool_choice": "none", "parallel_tool_calls": None})
