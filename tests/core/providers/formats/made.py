"""Requests and answers of any kind, for hypothesis, in the form that the readers give them."""

import json

from hypothesis import strategies as st

from core.providers.formats.request import (
    ChatRequest,
    Image,
    JsonFormat,
    Text,
    Thinking,
    Tool,
    ToolCall,
    ToolChoice,
    ToolResult,
    Turn,
)
from core.providers.formats.response import (
    Begin,
    BlockEnd,
    ChatResponse,
    Stop,
    TextDelta,
    ThinkingDelta,
    ToolBegin,
    ToolDelta,
    Usage,
)

words = st.text(min_size=1, max_size=20).filter(
    lambda text: text.strip() and not text.startswith("Error")
    and not any("\ud800" <= character <= "\udfff" or character == "\0" for character in text)
)  # fmt: skip
names = st.from_regex(r"[a-z][a-z0-9_]{0,8}", fullmatch=True)
texts = words.map(Text)
images = st.sampled_from(
    [Image(url="https://example.com/a.png"), Image(media_type="image/png", data="aGk=")]
)
arguments = st.dictionaries(names, st.none() | st.integers(-5, 5) | words, max_size=3)


def one_of_each(*strategies):
    """Blocks in that order, some of them missing, at least one."""
    return st.tuples(*strategies).map(lambda lists: sum(lists, ())).filter(bool)


def some(strategy, most=2):
    return st.lists(strategy, max_size=most).map(tuple)


def maybe(strategy):
    return some(strategy, 1)


@st.composite
def calls(draw):
    call_id = draw(names)
    return ToolCall(call_id, draw(names), json.dumps(draw(arguments), ensure_ascii=False))


results = st.builds(ToolResult, names, maybe(texts))
user_turns = one_of_each(some(results), maybe(texts), some(images)).map(lambda b: Turn("user", b))
own_turns = one_of_each(maybe(texts), some(calls())).map(lambda b: Turn("assistant", b))
turns = st.lists(st.tuples(user_turns, own_turns), min_size=1, max_size=3).map(
    lambda pairs: sum(pairs, ())
)
tools = st.builds(
    Tool, names, st.just("") | words, st.just({"type": "object", "properties": {}}),
    st.sampled_from([False, True]),
)  # fmt: skip
choices = st.sampled_from(
    [ToolChoice("auto"), ToolChoice("required"), ToolChoice("none"), ToolChoice("named", "f")]
)


@st.composite
def requests(draw):
    """What every format has a word for."""
    own = draw(some(tools))
    choice = draw(choices) if own else None
    return ChatRequest(
        system=draw(st.just("") | words),
        turns=draw(turns),
        tools=own,
        tool_choice=choice,
        parallel_tools=draw(st.booleans()) if choice and choice.kind != "none" else None,
        max_tokens=draw(st.integers(1, 9999)),
        temperature=draw(st.none() | st.sampled_from([0, 0.5, 1])),
        top_p=draw(st.none() | st.sampled_from([0, 0.9])),
        stream=draw(st.booleans()),
    )


json_formats = st.just(JsonFormat()) | st.builds(
    JsonFormat, st.just({"type": "object"}), names, st.just("") | words, st.booleans()
)
usages = st.builds(
    lambda fresh, out, cached, thinking: Usage(fresh + cached, out + thinking, cached, 0, thinking),
    *[st.integers(0, 10**6)] * 4,
)
reasons = st.sampled_from(["end", "length", "refusal"])


@st.composite
def answers(draw):
    """What every format can say: thinking, then text, then calls."""
    blocks = draw(one_of_each(maybe(words.map(Thinking)), maybe(texts), some(calls())))
    has_call = any(isinstance(block, ToolCall) for block in blocks)
    reason = "tool" if has_call else draw(reasons)
    return ChatResponse(blocks, Stop(reason), draw(usages))


def parts_of(response: ChatResponse, size: int = 3):
    """The answer as a stream of small deltas."""
    yield Begin()
    for block in response.blocks:
        yield from _deltas(block, size)
        yield BlockEnd()
    yield response.usage
    yield response.stop


def _deltas(block, size):
    if isinstance(block, ToolCall):
        yield ToolBegin(block.id, block.name)
        yield from map(ToolDelta, _cut(block.arguments, size))
    else:
        kind = ThinkingDelta if isinstance(block, Thinking) else TextDelta
        yield from map(kind, _cut(block.text, size))


def _cut(text, size):
    return [text[start : start + size] for start in range(0, len(text), size)]


def gathered(parts) -> ChatResponse:
    """The answer that a stream comes to. Fails if it did not end well."""
    blocks, usage, stop = [], Usage(), None
    is_open = False
    for part in parts:
        if isinstance(part, Usage):
            usage = usage.updated(part)
        elif isinstance(part, Stop):
            stop = part
        elif isinstance(part, ToolBegin):
            blocks.append(ToolCall(part.id, part.name, ""))
            is_open = True
        elif isinstance(part, BlockEnd):
            is_open = False
        elif not isinstance(part, Begin):
            is_open = _add(blocks, part, is_open)
    assert stop, part
    return ChatResponse(tuple(blocks), stop, usage)


def _add(blocks, part, is_open):
    kind = {TextDelta: Text, ThinkingDelta: Thinking, ToolDelta: ToolCall}[type(part)]
    if not is_open or not isinstance(blocks[-1], kind):
        blocks.append(Text("") if kind is Text else Thinking(""))
    last = blocks[-1]
    if kind is ToolCall:
        blocks[-1] = ToolCall(last.id, last.name, last.arguments + part.arguments)
    elif kind is Text:
        blocks[-1] = Text(last.text + part.text)
    else:
        blocks[-1] = Thinking(last.text + part.text, last.signature + part.signature, part.redacted)
    return True
