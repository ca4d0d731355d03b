"""Renders a model's Markdown as safe HTML.

The chat renders the same elements in the browser (static/chat/markdown/). One table of cases tests
both (tests/rendering/markdown_cases.toml).
"""

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any
from urllib.parse import urlsplit

import nh3
from markdown_it import MarkdownIt
from markdown_it.rules_core import StateCore
from markdown_it.token import Token
from markupsafe import Markup

from web import markdown_budget

_TAGS = {
    *("p", "br", "strong", "em", "s", "ul", "ol", "li", "blockquote", "hr", "a", "sup", "span"),
    *("code", "pre", "div", "table", "thead", "tbody", "tr", "th", "td"),
}
_ATTRIBUTES = {
    "a": {"href", "title", "aria-label", "dir"},
    "span": {"title"},
    "ol": {"start"},
    "div": {"tabindex"},
    "th": {"data-side"},
    "td": {"data-side"},
}
_SET = {
    "pre": {"tabindex": "0", "dir": "ltr"},
    "code": {"dir": "ltr"},
    **dict.fromkeys(("ul", "ol", "blockquote"), {"dir": "auto"}),
}
"""Attributes we set ourselves: scrolling parts are focusable, and code is always left to right."""
_DEEPEST = 100
"""The nesting limit: inline marks may nest without end, and browsers lay out each level on their stack."""
_SIDES = {"text-align:center": "center", "text-align:right": "end"}
_NO_ADDRESS = r"\s<>\"'`\u3000-\u303f\uff00-\uffef"
_ADDRESS = re.compile(rf"https?://[^{_NO_ADDRESS}]+[^{_NO_ADDRESS}.,:;!?)\]]")
_MARK = re.compile(r"\[([0-9]{1,2})\]")


def safe_html(text: str, sources: Sequence[Mapping[str, Any]] = ()) -> Markup:
    """Paragraphs, links (http, https, mailto), lists, code and tables; no script, style, image or `hx-*`.

    A mark like [1] becomes a link to that one of `sources` (each with number, title and url).
    Text over the limits of `markdown_budget` is shown as plain paragraphs.
    """
    try:
        rendered = _markdown.render(text, {"sources": {str(one["number"]): one for one in sources}})
    except markdown_budget.TooMuchMarkdown:
        rendered = markdown_budget.paragraphs(text)
    html = nh3.clean(
        rendered,
        tags=_TAGS,
        attributes=_ATTRIBUTES,
        allowed_classes={"a": {"cite"}, "span": {"cite"}, "div": {"table"}},
        set_tag_attribute_values=_SET,
        url_schemes={"http", "https", "mailto"},
        link_rel="noopener noreferrer nofollow",
    )
    return Markup(html)  # noqa: S704  (cleaned by nh3 on the line above)


class _Markdown(MarkdownIt):
    """CommonMark with tables. URLs stay as written; the browser resolves them."""

    def normalizeLink(self, url: str) -> str:  # noqa: N802
        return url

    def normalizeLinkText(self, link: str) -> str:  # noqa: N802
        return link

    def validateLink(self, url: str) -> bool:  # noqa: N802
        return _is_link(url)


def _is_link(address: str) -> bool:
    """Whether it works from any page. A path without a host would point into the page that shows it."""
    try:
        parts = urlsplit(address)
        host, _ = parts.hostname, parts.port
    except ValueError:
        return False
    return parts.scheme == "mailto" or (parts.scheme in ("http", "https") and bool(host))


def _shape(state: StateCore) -> None:
    """Headings become bold lines, because the page has its own. Images become links, so nothing is loaded."""
    for before, token in zip([None, *state.tokens], state.tokens, strict=False):
        if token.type in ("heading_open", "heading_close"):
            token.tag = "p"
        elif token.type in ("th_open", "td_open"):
            side = _SIDES.get(str(token.attrs.pop("style", "")))
            token.attrs = {"data-side": side} if side else {}
        elif token.children is not None:
            children = list(_inline(_shallow(token.children), state.env["sources"]))
            is_heading = before is not None and before.type == "heading_open"
            token.children = _wrapped("strong", children) if is_heading else children


def _shallow(tokens: Iterable[Token]) -> Iterator[Token]:
    depth = 0
    for token in tokens:
        depth += max(token.nesting, 0)
        if token.nesting == 0 or depth <= _DEEPEST:
            yield token
        depth += min(token.nesting, 0)


def _inline(tokens: Iterable[Token], sources: Mapping[str, Mapping[str, Any]]) -> Iterator[Token]:
    open_link: Token | None = None
    for token in tokens:
        if token.type == "link_open":
            href = str(token.attrs.get("href", ""))
            token.attrs = {"href": href}
            open_link = token if _is_link(href) else None
            yield from [token] if open_link else []
        elif token.type == "link_close":
            yield from [token] if open_link else []
            open_link = None
        elif token.type == "image":
            yield from _picture(token, is_in_link=open_link is not None)
        elif token.type == "text" and open_link is None:
            yield from _with_addresses(token.content, sources)
        else:
            yield token


def _picture(token: Token, is_in_link: bool) -> list[Token]:
    address = str(token.attrs.get("src", ""))
    label = "".join(child.content for child in token.children or [])
    if is_in_link or not _is_link(address):
        return [_text(label)]
    return _wrapped("a", [_text(label or address)], href=address)


def _with_addresses(text: str, sources: Mapping[str, Mapping[str, Any]]) -> Iterator[Token]:
    end = 0
    for found in _ADDRESS.finditer(text):
        if _is_link(found[0]):
            yield from _with_marks(text[end : found.start()], sources)
            yield from _wrapped("a", [_text(found[0])], href=found[0], dir="ltr")
            end = found.end()
    yield from _with_marks(text[end:], sources)


def _with_marks(text: str, sources: Mapping[str, Mapping[str, Any]]) -> Iterator[Token]:
    end = 0
    for found in _MARK.finditer(text):
        if source := sources.get(found[1]):
            yield _text(text[end : found.start()])
            yield from _wrapped("sup", _citation(source))
            end = found.end()
    yield _text(text[end:])


def _citation(source: Mapping[str, Any]) -> list[Token]:
    number, title, url = str(source["number"]), str(source["title"]), str(source["url"])
    if not _is_link(url):
        return _wrapped("span", [_text(number)], **{"class": "cite", "title": title})
    label = {"class": "cite", "title": title, "aria-label": f"{number}: {title}"}
    return _wrapped("a", [_text(number)], href=url, **label)


def _wrapped(tag: str, tokens: list[Token], **attrs: str | int | float) -> list[Token]:
    opened = Token(f"{tag}_open", tag, 1, attrs=attrs)
    return [opened, *tokens, Token(f"{tag}_close", tag, -1)]


def _text(content: str) -> Token:
    return Token("text", "", 0, content=content)


def _table_open(*_: Any) -> str:
    """Wide tables scroll, with the keyboard too."""
    return '<div class="table" tabindex="0"><table>\n'


def _table_close(*_: Any) -> str:
    return "</table></div>\n"


_markdown = _Markdown("commonmark", {"html": False, "breaks": True}).enable(
    ["table", "strikethrough"]
)
markdown_budget.limit(_markdown)
_markdown.core.ruler.push("shape", _shape)
_markdown.renderer.rules |= {"table_open": _table_open, "table_close": _table_close}  # type: ignore[attr-defined]
