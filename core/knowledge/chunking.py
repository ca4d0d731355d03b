"""Splits sections into chunks: the units that are searched and given to a model.

Blocks of a section are combined up to about 1,200 characters. A longer block is split at its lines, then
its sentences, then its words. If a section continues in the next chunk, that chunk repeats the last
sentence as overlap.
"""

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from itertools import chain

from core.knowledge.reading.sections import Section

TARGET = 1_200
LONGEST_OVERLAP = 150
LONGEST_TITLE = 300
LONGEST_PATH = 600
LONGEST_URL = 1_000
BETWEEN = " › "

_BOUNDARIES = tuple(
    re.compile(place) for place in (r"(?<=\n)", r"(?<=[.!?؟]\s)|(?<=[。！？])", r"(?<=\s)")
)
_SENTENCE_END = re.compile(r"(?<=[.!?。！？؟])(?:\s+|(?=[^\s.!?]))")


@dataclass(frozen=True, slots=True)
class Piece:
    """A chunk before it is stored."""

    title: str
    path: str
    body: str
    url: str = ""


def pieces(sections: Iterable[Section], name: str) -> Iterator[Piece]:
    """All chunks of a source; `name` is put above the headings of each."""
    for section in sections:
        *above, own = section.path if section.whole else (name, *section.path)
        title, path = own[:LONGEST_TITLE], BETWEEN.join(above)[-LONGEST_PATH:]
        for body in ["\n\n".join(section.blocks)] if section.whole else bodies(section.blocks):
            yield Piece(title, path, body, section.url[:LONGEST_URL])


def bodies(blocks: Iterable[str]) -> Iterator[str]:
    """The texts of one section's chunks."""
    held: list[str] = []
    size = 0
    for block in chain.from_iterable(map(_fitting, blocks)):
        if held and size + len(block) > TARGET:
            yield "\n\n".join(held)
            held = [overlap] if (overlap := _last_sentence(held[-1])) else []
            size = sum(map(len, held))
        held.append(block)
        size += len(block) + 2
    if held:
        yield "\n\n".join(held)


def _fitting(block: str) -> Iterator[str]:
    """The block, or its parts if it is longer than a chunk."""
    if len(block) <= TARGET:
        yield block
        return
    for part in _cut(block, 0):
        if part.strip():
            yield part.strip()


def _cut(text: str, how: int) -> Iterator[str]:
    """Splits at the coarsest boundaries that make it fit, then recombines small parts."""
    if how == len(_BOUNDARIES):
        yield from (text[at : at + TARGET] for at in range(0, len(text), TARGET))
        return
    held = ""
    for part in _BOUNDARIES[how].split(text):
        if len(held) + len(part) > TARGET and held:
            yield held
            held = ""
        if len(part) > TARGET:
            yield from _cut(part, how + 1)
        else:
            held += part
    if held:
        yield held


def _last_sentence(text: str) -> str:
    """The overlap with the next chunk; none if it would be long, or is a list or code."""
    if "\n" in text:
        return ""
    last = _SENTENCE_END.split(text.strip())[-1]
    return last if len(last) <= LONGEST_OVERLAP and len(last) < len(text) else ""
