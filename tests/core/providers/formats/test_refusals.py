"""What cannot be carried over is refused with its name; what is harmless to leave out passes."""

import pytest

from core.errors import Invalid
from core.providers.formats import FORMATS
from core.providers.formats.chat.reading import HARMLESS as CHAT_HARMLESS
from core.providers.formats.messages.reading import HARMLESS as MESSAGES_HARMLESS
from core.providers.formats.responses.reading import HARMLESS as RESPONSES_HARMLESS

ASKS = {
    "chat": {"model": "m", "messages": [{"role": "user", "content": "x"}]},
    "messages": {"model": "m", "messages": [{"role": "user", "content": "x"}], "max_tokens": 5},
    "responses": {"model": "m", "input": "x"},
}


def said(*parts):
    return {"messages": [{"role": "user", "content": list(parts)}]}


REFUSED = [
    ("chat", {"n": 2}, "n"),
    ("chat", {"logprobs": True}, "logprobs"),
    ("chat", {"top_logprobs": 1}, "top_logprobs"),
    ("chat", {"modalities": ["text", "audio"]}, "modalities"),
    ("chat", {"audio": {"voice": "x"}}, "audio"),
    ("chat", {"seed": 7}, "seed"),
    ("chat", {"frequency_penalty": 0.5}, "frequency_penalty"),
    ("chat", {"logit_bias": {"1": 2}}, "logit_bias"),
    ("chat", {"functions": [{"name": "f"}]}, "functions"),
    ("chat", {"web_search_options": {"search_context_size": "low"}}, "web_search_options"),
    ("chat", {"not_yet_invented": 1}, "not_yet_invented"),
    ("chat", {"tools": [{"type": "custom", "custom": {"name": "x"}}]}, "tools[0].type"),
    ("chat", {"tool_choice": {"type": "allowed_tools"}}, "tool_choice"),
    ("chat", {"response_format": {"type": "grammar"}}, "response_format.type"),
    ("chat", said({"type": "input_audio"}), "messages[0].content[0].type"),
    ("chat", said({"type": "text", "text": "x"}, {"type": "file"}), "messages[0].content[1].type"),
    ("chat", said({"type": "image_url", "image_url": {"url": "file:///etc/passwd"}}),
     "messages[0].content[0].image_url.url"),
    ("chat", {"messages": [{"role": "assistant", "audio": {"id": "x"}}]}, "messages[0].audio"),
    ("chat", {"messages": [{"role": "function", "content": "x"}]}, "messages[0].role"),
    ("chat", {"messages": [{"role": "tool", "content": "x"}]}, "messages[0].tool_call_id"),
    ("chat", {"messages": "x"}, "messages"),
    ("chat", {"messages": [{"role": "user", "content": 7}]}, "messages[0].content"),
    ("chat", {"temperature": "hot"}, "temperature"),
    ("chat", {"max_tokens": 0}, "max_tokens"),
    ("chat", {"max_tokens": True}, "max_tokens"),
    ("chat", {"stream": "yes"}, "stream"),
    ("chat", {"stop": [1]}, "stop"),
    ("messages", {"top_k": 5}, "top_k"),
    ("messages", {"mcp_servers": [{"type": "url"}]}, "mcp_servers"),
    ("messages", {"container": "x"}, "container"),
    ("messages", {"inference_geo": "us"}, "inference_geo"),
    ("messages", {"tools": [{"type": "web_search_20250305", "name": "web_search"}]}, "tools[0].type"),
    ("messages", {"tools": [{"name": "x", "defer_loading": True}]}, "tools[0].defer_loading"),
    ("messages", {"tool_choice": {"type": "some"}}, "tool_choice.type"),
    ("messages", said({"type": "document", "source": {}}), "messages[0].content[0].type"),
    ("messages", said({"type": "server_tool_use"}), "messages[0].content[0].type"),
    ("messages", said({"type": "image", "source": {"type": "file", "file_id": "x"}}),
     "messages[0].content[0].source.type"),
    ("messages", {"messages": [{"role": "robot", "content": "x"}]}, "messages[0].role"),
    ("responses", {"previous_response_id": "resp_1"}, "previous_response_id"),
    ("responses", {"conversation": "conv_1"}, "conversation"),
    ("responses", {"background": True}, "background"),
    ("responses", {"prompt": {"id": "p"}}, "prompt"),
    ("responses", {"top_logprobs": 2}, "top_logprobs"),
    ("responses", {"include": ["message.output_text.logprobs"]}, "include: message.output_text.logprobs"),
    ("responses", {"tools": [{"type": "web_search"}]}, "tools[0].type"),
    ("responses", {"tools": [{"type": "custom", "name": "apply_patch"}]}, "tools[0].type"),
    ("responses", {"input": [{"type": "item_reference", "id": "x"}]}, "input[0].type"),
    ("responses", {"input": [{"role": "user", "content": [{"type": "input_file"}]}]},
     "input[0].content[0].type"),
    ("responses", {"input": [{"role": "user", "content": [{"type": "input_image", "file_id": "x"}]}]},
     "input[0].content[0].type"),
    ("responses", {"input": 5}, "input"),
]  # fmt: skip


@pytest.mark.parametrize(("name", "document", "field"), REFUSED)
def test_it_is_refused_by_its_name(name, document, field):
    with pytest.raises(Invalid) as refused:
        FORMATS[name].read_request(ASKS[name] | document)
    assert refused.value.field == field
    assert f"`{field}`" in refused.value.message


@pytest.mark.parametrize(
    ("name", "field"),
    [
        *(("chat", field) for field in sorted(CHAT_HARMLESS)),
        *(("messages", field) for field in sorted(MESSAGES_HARMLESS)),
        *(("responses", field) for field in sorted(RESPONSES_HARMLESS)),
    ],
)
def test_what_is_harmless_to_leave_out_passes(name, field):
    plain = FORMATS[name].read_request(ASKS[name])
    assert FORMATS[name].read_request(ASKS[name] | {field: {"any": "thing"}}) == plain


@pytest.mark.parametrize(
    ("name", "document"),
    [
        ("chat", {"n": 1, "logprobs": False, "top_logprobs": None, "frequency_penalty": 0}),
        ("chat", {"modalities": ["text"], "response_format": {"type": "text"}, "tools": []}),
        ("messages", {"container": None, "mcp_servers": []}),
        ("responses", {"previous_response_id": None, "background": False, "include": []}),
    ],
)
def test_what_says_nothing_is_not_refused(name, document):
    plain = FORMATS[name].read_request(ASKS[name])
    assert FORMATS[name].read_request(ASKS[name] | document) == plain
