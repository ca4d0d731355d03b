"""Functions in namespaces, as Codex offers them, reach providers that know none, and their calls come back."""

import json

import pytest

from core.errors import Invalid
from core.providers.formats import FORMATS
from core.providers.formats.request import ToolCall, ToolChoice
from core.providers.formats.response import (
    BlockEnd,
    ChatResponse,
    Stop,
    ToolBegin,
    ToolDelta,
    Usage,
)

RESPONSES = FORMATS["responses"]
SPAWN = {"type": "function", "name": "spawn", "parameters": {"type": "object"}}
AGENTS = {"type": "namespace", "name": "agents", "description": "Helpers.", "tools": [SPAWN]}
OFFLINE = {"type": "web_search", "external_web_access": False}
NAMES = [
    ("agents--spawn", {"name": "spawn", "namespace": "agents"}),
    ("spawn", {"name": "spawn"}),
    ("--a--b", {"name": "a--b"}),
]


def read(**more):
    return RESPONSES.read_request({"model": "m", "input": "Hi", **more})


def named(tools):
    return [tool.name for tool in tools]


def test_tools_of_a_namespace_and_of_none_stay_apart():
    odd = {**SPAWN, "name": "agents--spawn"}
    assert named(read(tools=[SPAWN, AGENTS, odd]).tools) == [
        "spawn",
        "agents--spawn",
        "--agents--spawn",
    ]


def test_earlier_calls_and_the_choice_have_the_name_of_the_tool():
    call = {"type": "function_call", "call_id": "c1", "name": "spawn", "namespace": "agents"}
    request = read(
        tools=[AGENTS],
        input=[call],
        tool_choice={"type": "function", "name": "spawn", "namespace": "agents"},
    )
    assert request.turns[0].blocks == (ToolCall("c1", "agents--spawn", ""),)
    assert request.tool_choice == ToolChoice("named", "agents--spawn")


@pytest.mark.parametrize(("name", "members"), NAMES)
def test_a_call_comes_back_in_its_namespace(name, members):
    response = ChatResponse((ToolCall("c1", name, "{}"),), Stop("tool"), Usage())
    (item,) = RESPONSES.write_answer(response, "m", "x")["output"]
    assert {k: item[k] for k in ("name", "namespace") if k in item} == members


@pytest.mark.parametrize(("name", "members"), NAMES)
def test_a_streamed_call_comes_back_in_its_namespace(name, members):
    parts = [ToolBegin("c1", name), ToolDelta("{}"), BlockEnd(), Stop("tool")]
    stream = b"".join(RESPONSES.write_stream(parts, "m", "x", read(tools=[AGENTS])))
    events = [json.loads(line[6:]) for line in stream.splitlines() if line.startswith(b"data: {")]
    items = [event["item"] for event in events if "item" in event]
    assert len(items) == 2
    for item in items:
        assert {k: item[k] for k in ("name", "namespace") if k in item} == members


@pytest.mark.parametrize(
    ("tool", "field"),
    [
        ({**AGENTS, "name": "a--b"}, "tools[0].name"),
        ({**AGENTS, "tools": [{"type": "custom", "name": "x"}]}, "tools[0].tools[0].type"),
        ({"type": "web_search", "external_web_access": True}, "tools[0].type"),
    ],
)
def test_what_no_other_provider_could_do_is_refused(tool, field):
    with pytest.raises(Invalid) as refused:
        read(tools=[tool])
    assert refused.value.field == field


def test_a_search_without_the_web_is_left_out():
    assert named(read(tools=[OFFLINE, SPAWN]).tools) == ["spawn"]
