"""A mail's text set as HTML, for programs that show it: the same words, in one layout, with nothing to load.

What our texts look like is their markup: a blank line ends a paragraph, `- ` begins a line of a list, and a
line that ends in `: ADDRESS` leads there. Only addresses of this deployment become links.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

from jinja2 import Environment, FileSystemLoader, StrictUndefined

TEMPLATES = Path(__file__).parents[2] / "templates" / "emails"
LONGEST_ON_A_BUTTON = 44


@dataclass
class Block:
    """A paragraph, a list, or a line that leads somewhere (`url`)."""

    text: str = ""
    items: list[str] = field(default_factory=list)
    url: str = ""
    is_small: bool = False
    """What stands after the way on: when it ends, whom it goes to."""

    @property
    def fits_a_button(self) -> bool:
        return len(self.text) <= LONGEST_ON_A_BUTTON


def of(subject: str, text: str, address: str) -> str:
    """The whole document; `address` is this deployment's."""
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
            found = _leading(line, address)
            if line.startswith("- "):
                current.items.append(line[2:])
            elif found:
                yield from _filled(current)
                current = Block()
                yield found
            else:
                current.text = f"{current.text} {line}".strip()
        yield from _filled(current)


def _leading(line: str, address: str) -> Block | None:
    """A line that ends in an address of ours."""
    matched = re.fullmatch(rf"(.+): ({re.escape(address)}/\S+)", line)
    return Block(text=matched[1], url=matched[2]) if matched else None


def _filled(block: Block) -> Iterator[Block]:
    if block.text or block.items:
        yield block


_templates = Environment(
    loader=FileSystemLoader(TEMPLATES),
    undefined=StrictUndefined,
    trim_blocks=True,
    lstrip_blocks=True,
    autoescape=True,
)
