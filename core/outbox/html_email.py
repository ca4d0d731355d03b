"""Renders an email's plain text as HTML: the same words in one layout, without external resources.

The plain text is the markup: a blank line ends a paragraph, `- ` starts a list item, and a line that ends
in `: ADDRESS` becomes a link. Only addresses of this deployment are linked.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

from jinja2 import Environment, FileSystemLoader, StrictUndefined

TEMPLATES = Path(__file__).parents[2] / "templates" / "emails"
LONGEST_BUTTON_LABEL = 44


@dataclass
class Block:
    """A paragraph, a list, or a link (`url`)."""

    text: str = ""
    items: list[str] = field(default_factory=list)
    url: str = ""
    is_small: bool = False
    """Text after the last link, such as when it expires."""

    @property
    def fits_a_button(self) -> bool:
        return len(self.text) <= LONGEST_BUTTON_LABEL


def render(subject: str, text: str, address: str) -> str:
    """The whole HTML document. `address` is this deployment's."""
    blocks = list(_blocks(text, address))
    links = [number for number, block in enumerate(blocks) if block.url]
    for block in blocks[links[-1] + 1 if links else len(blocks) :]:
        block.is_small = True
    first = blocks[links[0]] if links else None
    template = _templates.get_template("layout.html")
    return template.render(subject=subject, blocks=blocks, first=first, address=address)


def _blocks(text: str, address: str) -> Iterator[Block]:
    for paragraph in text.strip().split("\n\n"):
        current = Block()
        for line in paragraph.split("\n"):
            link = _link(line, address)
            if line.startswith("- "):
                current.items.append(line[2:])
            elif link:
                yield from _nonempty(current)
                current = Block()
                yield link
            else:
                current.text = f"{current.text} {line}".strip()
        yield from _nonempty(current)


def _link(line: str, address: str) -> Block | None:
    """The link block of a line that ends in an address of ours."""
    matched = re.fullmatch(rf"(.+): ({re.escape(address)}/\S+)", line)
    return Block(text=matched[1], url=matched[2]) if matched else None


def _nonempty(block: Block) -> Iterator[Block]:
    if block.text or block.items:
        yield block


_templates = Environment(
    loader=FileSystemLoader(TEMPLATES),
    undefined=StrictUndefined,
    trim_blocks=True,
    lstrip_blocks=True,
    autoescape=True,
)
