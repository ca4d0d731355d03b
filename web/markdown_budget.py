"""Limits on the Markdown rendered in one text. A text over a limit is shown as plain paragraphs.

The chat has the same limits (static/chat/markdown/budget.js), so that both sides show the same.
"""

import re

from markdown_it import MarkdownIt
from markdown_it.rules_block import StateBlock
from markdown_it.rules_core import StateCore
from markupsafe import escape

MAX_LINES = 3_000
MAX_BLOCK_TOKENS = 4_000
MAX_CELLS = 1_500
MAX_MARKS = 4_000
"""Characters outside of code that could be Markdown. A model's long answer has a few hundred."""
_MARKS = re.compile(r"[\n*_`~\[\]!<>&\\|:/#]")
_DELIMITERS = re.compile(r"[-:| \t]+")


class TooMuchMarkdown(Exception):
    """The text is over the budget."""


def limit(markdown: MarkdownIt) -> None:
    """Makes a parser raise `TooMuchMarkdown` as soon as a text is over the budget."""
    markdown.core.ruler.before("block", "lines", _count_lines)
    markdown.block.ruler.before("table", "budget", _count_block)
    markdown.core.ruler.after("block", "marks", _count_marks)


def paragraphs(text: str) -> str:
    """The text as HTML of paragraphs and line breaks, with everything else escaped."""
    parts = (part.strip("\n") for part in re.split(r"\n\n+", re.sub(r"\r\n?", "\n", text)))
    lines = (str(escape(part)).replace("\n", "<br>\n") for part in parts if part)
    return "".join(f"<p>{part}</p>\n" for part in lines)


def _count_lines(state: StateCore) -> None:
    if state.src.count("\n") > MAX_LINES:
        raise TooMuchMarkdown


def _count_block(state: StateBlock, line: int, end: int, _silent: bool) -> bool:
    """Runs before the block rules and never matches."""
    state.env["blocks"] = state.env.get("blocks", 0) + 1
    too_many = max(len(state.tokens), state.env["blocks"]) > MAX_BLOCK_TOKENS
    if too_many or _cells(state, line, end) > MAX_CELLS:
        raise TooMuchMarkdown
    return False


def _cells(state: StateBlock, line: int, end: int) -> int:
    """The number of cells of a table that starts on this line; 0 if no table can start here."""
    if line + 1 >= end or not _DELIMITERS.fullmatch(_line(state, line + 1)):
        return 0
    last = line + 1
    while last < end and not state.isEmpty(last):
        last += 1
    return (_line(state, line).count("|") + 1) * (last - line)


def _line(state: StateBlock, line: int) -> str:
    return state.src[state.bMarks[line] + state.tShift[line] : state.eMarks[line]]


def _count_marks(state: StateCore) -> None:
    inline = (token.content for token in state.tokens if token.type == "inline")
    if sum(len(_MARKS.findall(content)) for content in inline) > MAX_MARKS:
        raise TooMuchMarkdown
