"""Runs cases with Anthropic's SDK: cases on standard input, results on standard output."""

import json
import sys

import anthropic

PNG = (
    "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNkYPhfDwAChwGA60e6kgAA"
    "AABJRU5ErkJggg=="
)
SCHEMA = {"type": "object", "properties": {"city": {"type": "string"}}, "required": ["city"]}
WEATHER = {"name": "weather", "description": "The weather of a city.", "input_schema": SCHEMA}
JSON = {"format": {"type": "json_schema", "schema": SCHEMA}}
STOPS = {"end_turn": "end", "max_tokens": "length", "tool_use": "tool"}


def main():
    json.dump([result(case) for case in json.load(sys.stdin)], sys.stdout)


def result(case):
    credential = {"auth_token" if case["is_token"] else "api_key": case["key"]}
    client = anthropic.Anthropic(base_url=case["base_url"], max_retries=0, timeout=60, **credential)
    try:
        return KINDS[case["kind"]](client, case)
    except anthropic.AnthropicError as error:
        return {"raised": type(error).__name__, "said": str(error)[:300]}


def whole(client, case, **more):
    return summary_of(client.messages.create(**request_for(case), **more))


def stream(client, case, **more):
    """By the SDK's own accumulator."""
    with client.messages.stream(**request_for(case), **more) as events:
        return summary_of(events.get_final_message())


def tool(client, case, call=whole):
    """The call, and the answer to its result."""
    first = call(client, case, tools=[WEATHER])
    name, arguments = first["tool"]
    used = {"type": "tool_use", "id": "c1", "name": name, "input": arguments}
    result = {"type": "tool_result", "tool_use_id": "c1", "content": "Sunny"}
    answered = [
        *request_for(case)["messages"],
        {"role": "assistant", "content": [used]},
        {"role": "user", "content": [result]},
    ]
    return [first, call(client, case | {"messages": answered}, tools=[WEATHER])]


def tool_stream(client, case):
    return tool(client, case, stream)


def image(client, case):
    source = {"type": "base64", "media_type": "image/png", "data": PNG}
    content = [{"type": "text", "text": case["prompt"]}, {"type": "image", "source": source}]
    return whole(client, case | {"messages": [{"role": "user", "content": content}]})


def json_mode(client, case):
    return whole(client, case, extra_body={"output_config": JSON})


def request_for(case):
    messages = case.get("messages") or [{"role": "user", "content": case["prompt"]}]
    return {"model": case["model"], "messages": messages, "max_tokens": 50, **case.get("more", {})}


def summary_of(message):
    usage = message.usage
    calls = [block for block in message.content if block.type == "tool_use"]
    return {
        "text": "".join(block.text for block in message.content if block.type == "text"),
        "stop": STOPS.get(message.stop_reason, message.stop_reason),
        "tool": [calls[0].name, calls[0].input] if calls else None,
        "tokens": [usage.input_tokens + (usage.cache_read_input_tokens or 0), usage.output_tokens],
    }


KINDS = {
    "whole": whole, "stream": stream, "tool": tool, "tool_stream": tool_stream, "image": image,
    "json": json_mode,
}  # fmt: skip

main()
