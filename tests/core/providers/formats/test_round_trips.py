"""What goes into a format and comes out again means the same, whole and in parts, by any way round."""

import json
from dataclasses import replace
from itertools import pairwise

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from core.providers.failures import Failure, FailureKind
from core.providers.formats import FORMATS
from core.providers.formats.request import ChatRequest
from core.providers.formats.response import Failed, Stop
from tests.core.providers.formats import made

CALLERS = ["chat", "responses", "messages"]
MODEL = "some-model"
quick = settings(max_examples=30, deadline=None, suppress_health_check=[HealthCheck.too_slow])


def written(name, parts):
    request = ChatRequest(include_usage=True)
    return b"".join(FORMATS[name].write_stream(iter(parts), "m", "req_1", request))


def read(name, data):
    return list(FORMATS[name].read_stream(data, "somebody", "a-secret"))


def comparable(response):
    """Arguments by what they say: a format may write them with other spaces."""
    blocks = tuple(
        replace(block, arguments=json.loads(block.arguments)) if hasattr(block, "arguments") else block
        for block in response.blocks
    )  # fmt: skip
    return replace(response, blocks=blocks, usage=replace(response.usage, cache_written=None))


def as_read(request):
    strict = tuple(replace(tool, strict=bool(tool.strict)) for tool in request.tools)
    return replace(request, tools=strict, include_usage=False)


@pytest.mark.parametrize("name", CALLERS)
@given(request=made.requests())
@quick
def test_a_request_keeps_its_meaning(name, request):
    document = json.loads(json.dumps(FORMATS[name].write_request(request, MODEL)))
    assert as_read(FORMATS[name].read_request(document)) == request


@given(request=made.requests(), order=st.permutations(CALLERS))
@quick
def test_a_request_keeps_its_meaning_through_all_formats(request, order):
    found = request
    for name in order:
        found = as_read(FORMATS[name].read_request(FORMATS[name].write_request(found, MODEL)))
    assert found == request


@pytest.mark.parametrize("name", ["chat", "responses"])
@given(wanted=made.json_formats)
@quick
def test_a_json_mode_keeps_its_meaning(name, wanted):
    request = ChatRequest(turns=(made.Turn("user", (made.Text("x"),)),), json=wanted)
    assert FORMATS[name].read_request(FORMATS[name].write_request(request, MODEL)).json == wanted


@pytest.mark.parametrize("name", CALLERS)
@given(response=made.answers())
@quick
def test_a_whole_answer_keeps_its_meaning(name, response):
    document = json.loads(json.dumps(FORMATS[name].write_answer(response, "m", "req_1")))
    found = comparable(FORMATS[name].read_answer(document))
    assert found.blocks == comparable(response).blocks
    assert found.stop == response.stop
    expected = comparable(response).usage
    expected = (
        replace(expected, reasoning=found.usage.reasoning) if name == "messages" else expected
    )
    assert found.usage == expected


@pytest.mark.parametrize("name", CALLERS)
@given(response=made.answers(), size=st.integers(1, 9))
@quick
def test_a_stream_comes_to_the_same_as_the_whole(name, response, size):
    found = made.gathered(read(name, [written(name, made.parts_of(response, size))]))
    whole = FORMATS[name].read_answer(FORMATS[name].write_answer(response, "m", "req_1"))
    assert comparable(found) == comparable(whole)


@pytest.mark.parametrize("name", CALLERS)
@given(response=made.answers(), cuts=st.lists(st.integers(0, 4000), max_size=8))
@quick
def test_where_a_stream_was_cut_makes_no_difference(name, response, cuts):
    data = written(name, made.parts_of(response))
    edges = sorted({0, len(data), *(cut % len(data) for cut in cuts)})
    assert read(name, [data[a:b] for a, b in pairwise(edges)]) == read(name, [data])


@pytest.mark.parametrize("name", CALLERS)
@given(response=made.answers(), share=st.floats(0, 1, exclude_max=True))
@quick
def test_a_stream_that_lacks_its_end_never_ends_well(name, response, share):
    data = written(name, made.parts_of(response))
    marker = {"chat": b'"finish_reason":"', "messages": b'{"type":"message_stop"'}
    ending = data.rindex(marker.get(name, b"event: response."))
    last = read(name, [data[: int(ending * share)]])[-1]
    assert isinstance(last, Failed)
    assert last.failure.kind is FailureKind.truncated


@pytest.mark.parametrize("name", CALLERS)
@pytest.mark.parametrize("kind", FailureKind)
@given(response=made.answers(), place=st.integers(0, 50))
@settings(max_examples=5, deadline=None)
def test_a_failure_in_a_stream_ends_it_as_one(name, kind, response, place):
    parts = [part for part in made.parts_of(response) if not isinstance(part, Stop)]
    parts = [*parts[: place % len(parts)], Failed(Failure(kind, "It broke."))]
    data = written(name, parts)
    found = read(name, [data])
    assert isinstance(found[-1], Failed)
    assert found[-1].failure.message == "It broke."
    assert not any(isinstance(part, Stop) for part in found)
    assert not data.endswith(b"[DONE]\n\n")
