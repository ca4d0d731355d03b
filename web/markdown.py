"""A model's text as HTML: Markdown for its shape, everything that could act taken out."""

import nh3
from markdown_it import MarkdownIt
from markupsafe import Markup

_markdown = MarkdownIt("commonmark", {"html": False, "breaks": True}).enable(["table"])
_TAGS = {
    *("p", "br", "strong", "em", "ul", "ol", "li", "blockquote", "hr", "a"),
    *("code", "pre", "h1", "h2", "h3", "h4", "table", "thead", "tbody", "tr", "th", "td"),
}
_ATTRIBUTES = {"a": {"href"}}


def safe_html(text: str) -> Markup:
    """Links (http, https, mailto), lists, code and tables; never a script, style, image or `hx-*`."""
    html = nh3.clean(
        _markdown.render(text),
        tags=_TAGS,
        attributes=_ATTRIBUTES,
        set_tag_attribute_values={
            "pre": {"tabindex": "0"}
        },  # What scrolls can be scrolled by keys.
        url_schemes={"http", "https", "mailto"},
        link_rel="noopener noreferrer nofollow",
    )
    return Markup(html)  # noqa: S704  (cleaned by nh3 on the line above)
