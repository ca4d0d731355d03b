"""Runs cases with OpenAI's SDK: cases on standard input, results on standard output."""

import json
import sys

import openai

PNG = (
    "data:image/png;base64,iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNkYPhfDwAChwGA60e6kgAA"
    "AABJRU5ErkJggg=="
)
SCHEMA = {"type": "object", "properties": {"city": {"type": "string"}}, "required": ["city"]}
WEATHER = {"name": "weather", "description": "The weather of a city.", "parameters": SCHEMA}
STOPS = {"stop": "end", "tool_calls": "tool"}
ENDS = ("response.completed", "response.incomplete")


def main():
    json.dump([result(case) for case in json.load(sys.stdin)], sys.stdout)


def result(case):
    client = openai.OpenAI(
        base_url=case["base_url"], api_key=case["key"], max_retries=0, timeout=60
    )
    try:
        return KINDS[case["kind"]](client, case)
    except openai.OpenAIError as error:
        return {"raised": type(error).__name__, "said": str(error)[:300]}


def whole(client, case, **more):
    return summary_of(client.chat.completions.create(**request_for(case), **more))


def stream(client, case, **more):
    """By the SDK's own accumulator, with the usage at the end."""
    options = {"include_usage": True}
    with client.chat.completions.stream(
        **request_for(case), stream_options=options, **more
    ) as events:
        for _ in events:
            pass
        return summary_of(events.get_final_completion())


def tool(client, case, call=whole):
    """The call, and the answer to its result."""
    tools = [{"type": "function", "function": WEATHER}]
    first = call(client, case, tools=tools)
    made = {"name": first["tool"][0], "arguments": json.dumps(first["tool"][1])}
    answered = [
        *request_for(case)["messages"],
        {"role": "assistant", "tool_calls": [{"id": "c1", "type": "function", "function": made}]},
        {"role": "tool", "tool_call_id": "c1", "content": "Sunny"},
    ]
    return [first, call(client, case | {"messages": answered}, tools=tools)]


def tool_stream(client, case):
    return tool(client, case, stream)


def image(client, case):
    content = [
        {"type": "text", "text": case["prompt"]},
        {"type": "image_url", "image_url": {"url": PNG}},
    ]
    return whole(client, case | {"messages": [{"role": "user", "content": content}]})


def json_mode(client, case):
    return whole(client, case, response_format={"type": "json_object"})


def responses_stream(client, case):
    """Event by event: the SDK's accumulator fails on llama.cpp's.

    OpenAI's own event of an error is handed over as an event, not raised.
    """
    for event in client.responses.create(**response_request_for(case), stream=True):
        if event.type == "error":
            return {"raised": event.type, "said": event.message}
        if event.type in ENDS:
            ended = event.response
    return response_summary_of(ended)


def responses_whole(client, case, **more):
    return response_summary_of(client.responses.create(**response_request_for(case), **more))


def responses_accumulated(client, case, **more):
    """By the SDK's own accumulator, which takes each event at its word."""
    with client.responses.stream(**response_request_for(case), **more) as events:
        for _ in events:
            pass
        return response_summary_of(events.get_final_response())


def responses_tool(client, case, call=responses_whole):
    """The call, and the answer to its result."""
    tools = [{"type": "function", "strict": False, **WEATHER}]
    first = call(client, case, tools=tools)
    name, arguments = first["tool"]
    made = {"type": "function_call", "call_id": "c1", "name": name}
    answered = [
        {"role": "user", "content": case["prompt"]},
        made | {"arguments": json.dumps(arguments)},
        {"type": "function_call_output", "call_id": "c1", "output": "Sunny"},
    ]
    return [first, call(client, case | {"input": answered}, tools=tools)]


def responses_tool_stream(client, case):
    return responses_tool(client, case, responses_accumulated)


def responses_image(client, case):
    content = [
        {"type": "input_text", "text": case["prompt"]},
        {"type": "input_image", "image_url": PNG, "detail": "auto"},
    ]
    return responses_whole(client, case | {"input": [{"role": "user", "content": content}]})


def responses_json(client, case):
    return responses_whole(client, case, text={"format": {"type": "json_object"}})


def request_for(case):
    messages = case.get("messages") or [{"role": "user", "content": case["prompt"]}]
    return {"model": case["model"], "messages": messages, **case.get("more", {})}


def response_request_for(case):
    said = case.get("input") or case["prompt"]
    return {"model": case["model"], "input": said, **case.get("more", {})}


def summary_of(completion):
    (choice,) = completion.choices
    usage = completion.usage
    call = choice.message.tool_calls[0].function if choice.message.tool_calls else None
    return {
        "text": choice.message.content or "",
        "stop": STOPS.get(choice.finish_reason, choice.finish_reason),
        "tool": [call.name, json.loads(call.arguments)] if call else None,
        "tokens": [usage.prompt_tokens, usage.completion_tokens],
    }


def response_summary_of(response):
    call = next((item for item in response.output if item.type == "function_call"), None)
    return {
        "text": response.output_text,
        "stop": "end" if response.status == "completed" else "length",
        "tool": [call.name, json.loads(call.arguments)] if call else None,
        "tokens": [response.usage.input_tokens, response.usage.output_tokens],
    }


KINDS = {
    "whole": whole, "stream": stream, "tool": tool, "tool_stream": tool_stream, "image": image,
    "json": json_mode, "responses": responses_whole, "responses_stream": responses_stream,
    "responses_accumulated": responses_accumulated, "responses_tool": responses_tool,
    "responses_tool_stream": responses_tool_stream, "responses_image": responses_image,
    "responses_json": responses_json,
}  # fmt: skip

main()
