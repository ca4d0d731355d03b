"""Extracts the text of HTML: headings, paragraphs, lists, tables, code. No tag or attribute is kept.

Parts repeated on every page (navigation, footers, cookie notices) and lists of links are left out.
If a page marks its main part, only that is read.
"""

import re
from collections.abc import Iterator
from typing import Any

from lxml import etree
from lxml import html as lxml_html

from core.knowledge.reading.sections import Progress, Refused, Section
from core.text import fit

_NOT_TEXT = (
    "script style noscript template nav aside footer form button select option input textarea svg "
    "math iframe object embed canvas audio video dialog head title"
)
_SKIPPED_ROLES = frozenset({"navigation", "banner", "contentinfo", "search", "complementary"})
_REPEATED = (
    "nav navbar navigation menu sidebar sphinxsidebar toc breadcrumb breadcrumbs cookie cookies "
    "cookie-banner footer headerlink related navheader navfooter skip-link"
)
_BLOCK_TAGS = (
    "p div section article main header body html blockquote figure figcaption details summary "
    "address center fieldset hr dl dt dd ul ol li table pre h1 h2 h3 h4 h5 h6"
)
_SKIPPED = frozenset(_NOT_TEXT.split())
_SKIPPED_NAMES = frozenset(_REPEATED.split())
_BLOCKS = frozenset(_BLOCK_TAGS.split())
_WHOLE = frozenset({"p", "ul", "ol", "table", "pre", "dl"})
_HEADINGS = {f"h{level}": level for level in range(1, 7)}
_MOSTLY_LINKS = 0.7
_FEW_LINKS = 3


def sections(content: bytes | str, progress: Progress, url: str = "") -> Iterator[Section]:
    """The page's sections, each with the anchor of its heading. Raises `Refused`."""
    progress.step(0, 1)
    try:
        document = lxml_html.document_fromstring(content)
    except (etree.ParserError, etree.XMLSyntaxError, ValueError):
        raise Refused("This page contains no text.") from None
    walk = _Walk(url)
    try:
        walk.into(_main_part(document))
    except RecursionError:
        raise Refused("The page is nested too deeply to read.") from None
    walk.end_section()
    progress.step(1, 1)
    return iter(walk.found)


def title_of(content: bytes | str) -> str:
    """The page's title, or ""."""
    try:
        document = lxml_html.document_fromstring(content)
    except (etree.ParserError, etree.XMLSyntaxError, ValueError):
        return ""
    return _squeezed(document.findtext(".//title") or "")[:200]


def _main_part(document: Any) -> Any:
    """The element marked as the main part, if it contains enough of the text."""
    bodies = document.xpath("//body")
    body = bodies[0] if bodies else document
    whole = len(body.text_content())
    for path in ("//main", '//*[@role="main"]', "//article"):
        marked = document.xpath(path)
        if len(marked) == 1 and len(marked[0].text_content()) * 4 >= whole:
            return marked[0]
    return body


class _Walk:
    """Walks the tree in document order."""

    def __init__(self, url: str) -> None:
        self.found: list[Section] = []
        self._url = url
        self._anchor = ""
        self._headings: list[tuple[int, str]] = []
        self._blocks: list[str] = []
        self._line: list[str] = []
        """Text outside of any block."""

    def into(self, node: Any) -> None:
        """Reads a node with blocks; the text between them becomes paragraphs."""
        self._say(node.text)
        for child in node:
            if isinstance(child.tag, str) and not _is_skipped(child):
                self._read(child)
            self._say(child.tail)

    def end_section(self) -> None:
        self._end_line()
        if self._blocks:
            path = tuple(text for _, text in self._headings)
            self.found.append(Section(path, tuple(self._blocks), self._address()))
            self._blocks = []

    def _read(self, node: Any) -> None:
        tag = node.tag
        if tag in _HEADINGS:
            self._begin_section(node, _HEADINGS[tag])
        elif tag == "br":
            self._line.append("\n")
        elif tag in _WHOLE and not _holds_headings(node):
            self._end_line()
            if not _is_only_links(node):
                self._add(_WHOLE_TEXTS.get(tag, _inline)(node))
        elif tag in _BLOCKS:
            self._end_line()
            self.into(node)
            self._end_line()
        else:
            self.into(node)

    def _begin_section(self, node: Any, level: int) -> None:
        self.end_section()
        while self._headings and self._headings[-1][0] >= level:
            self._headings.pop()
        if text := _inline(node):
            self._headings.append((level, text[:280]))
            self._anchor = _anchor_of(node)

    def _say(self, text: str | None) -> None:
        if text:
            self._line.append(re.sub(r"\s+", " ", text))

    def _end_line(self) -> None:
        text, self._line = _tidied("".join(self._line)), []
        self._add(text)

    def _add(self, text: str) -> None:
        if text:
            self._blocks.append(text)

    def _address(self) -> str:
        return f"{self._url}#{self._anchor}" if self._url and self._anchor else self._url


def _is_skipped(node: Any) -> bool:
    if node.tag in _SKIPPED or node.get("hidden") is not None:
        return True
    if node.get("aria-hidden") == "true" or node.get("role") in _SKIPPED_ROLES:
        return True
    names = f"{node.get('class') or ''} {node.get('id') or ''}".lower().split()
    return not _SKIPPED_NAMES.isdisjoint(names)


def _holds_headings(node: Any) -> bool:
    return any(child.tag in _HEADINGS for child in node.iterdescendants())


def _is_only_links(node: Any) -> bool:
    """Whether this is a table of contents, a menu or another list of links."""
    links = node.xpath(".//a")
    if len(links) < _FEW_LINKS or node.tag == "pre":
        return False
    linked = sum(len(_squeezed(link.text_content())) for link in links)
    return linked >= _MOSTLY_LINKS * max(1, len(_squeezed(node.text_content())))


def _pieces(node: Any) -> Iterator[str]:
    """The text of a node in document order, without skipped elements."""
    yield node.text or ""
    for child in node:
        if isinstance(child.tag, str) and not _is_skipped(child):
            edge = "\n" if child.tag in _BLOCKS or child.tag == "br" else ""
            yield edge
            yield from _pieces(child)
            yield edge
        yield child.tail or ""


def _inline(node: Any) -> str:
    return _tidied(
        "".join(piece if piece == "\n" else re.sub(r"\s+", " ", piece) for piece in _pieces(node))
    )


def _list(node: Any) -> str:
    items = (_inline(item) for item in node if item.tag == "li" and not _is_skipped(item))
    return "\n".join(f"- {item}" for item in items if item)


def _definitions(node: Any) -> str:
    return "\n".join(text for child in node.iter("dt", "dd") if (text := _inline(child)))


def _table(node: Any) -> str:
    rows = []
    for row in node.iter("tr"):
        cells = [_squeezed(_inline(cell)) for cell in row if cell.tag in ("td", "th")]
        if any(cells):
            rows.append(" | ".join(cells))
    return "\n".join(rows)


def _code(node: Any) -> str:
    return fit("".join(_pieces(node))).strip("\n").rstrip()


_WHOLE_TEXTS = {"ul": _list, "ol": _list, "dl": _definitions, "table": _table, "pre": _code}


def _anchor_of(node: Any) -> str:
    """The nearest anchor: the heading's own id, or that of the section it opens."""
    parent = node.getparent()
    named = [node.get("id"), *(link.get("name") or link.get("id") for link in node.iter("a"))]
    if parent is not None and parent.tag in ("section", "div", "article"):
        named.append(parent.get("id"))
    found = next(filter(None, named), "")
    return found if re.fullmatch(r"[\w.:~-]{1,200}", found) else ""


def _squeezed(text: str) -> str:
    return " ".join(fit(text).split())


def _tidied(text: str) -> str:
    lines = (" ".join(line.split()) for line in fit(text).split("\n"))
    return "\n".join(line for line in lines if line)
