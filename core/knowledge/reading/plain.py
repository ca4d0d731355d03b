"""Reads plain text and Markdown. In plain text, lines that begin with # are headings too."""

import re
from collections.abc import Iterator

from markdown_it import MarkdownIt

from core.knowledge.reading import html
from core.knowledge.reading.sections import Progress, Section

_HEADING = re.compile(r"(#{1,6})[ \t]+(\S.{0,280}?)[ \t]*#*")
_markdown = MarkdownIt("commonmark", {"html": True}).enable("table")


def sections(text: str, progress: Progress) -> Iterator[Section]:
    """Plain text: paragraphs separated by empty lines."""
    progress.step(0, 1)
    path: list[str] = []
    levels: list[int] = []
    blocks: list[str] = []
    for block in re.split(r"\n[ \t]*\n", text.replace("\r\n", "\n").replace("\r", "\n")):
        for part in _parts(block):
            heading = _HEADING.fullmatch(part)
            if heading is None:
                blocks.append(part)
                continue
            if blocks:
                yield Section(tuple(path), tuple(blocks))
            blocks, level = [], len(heading[1])
            while levels and levels[-1] >= level:
                levels.pop(), path.pop()
            levels.append(level)
            path.append(heading[2])
    if blocks:
        yield Section(tuple(path), tuple(blocks))
    progress.step(1, 1)


def markdown_sections(text: str, progress: Progress) -> Iterator[Section]:
    """Markdown, rendered to HTML first, so that embedded HTML is treated as such."""
    progress.step(0, 1)
    return html.sections(_markdown.render(text), progress)


def _parts(block: str) -> Iterator[str]:
    """A block, split at heading lines."""
    lines: list[str] = []
    for line in block.split("\n"):
        if not _HEADING.fullmatch(line.strip()):
            lines.append(line.rstrip())
            continue
        if text := "\n".join(lines).strip():
            yield text
        lines = []
        yield line.strip()
    if text := "\n".join(lines).strip():
        yield text
