"""Reads web pages, and the pages listed in a sitemap. `fetching.py` fetches them."""

from collections.abc import Iterator
from urllib.parse import urlsplit

from core.http import PrivateHosts
from core.knowledge.reading import html, pdf, plain, sitemaps, sniffing
from core.knowledge.reading.fetching import Fetched, fetch
from core.knowledge.reading.sections import Progress, Refused, Section


def page(url: str, private: PrivateHosts, progress: Progress) -> Iterator[Section]:
    """The sections of one page. Raises `Refused`."""
    progress.step(0, 1)
    yield from _sections_of(fetch(url, private), progress)


def site(url: str, private: PrivateHosts, most: int, progress: Progress) -> Iterator[Section]:
    """The pages listed in a sitemap on its own host, up to the limit. Raises `Refused`.

    Pages that can't be read are skipped and reported.
    """
    named = sitemaps.addresses(url, private, progress)
    wanted = named.pages[:most]
    unread: list[str] = []
    for number, address in enumerate(wanted):
        progress.step(number, len(wanted))
        try:
            yield from _sections_of(fetch(address, private), Progress())
        except Refused as error:
            unread.append(f"{urlsplit(address).path}: {error.message}")
    progress.step(len(wanted), len(wanted))
    progress.left_out = _left_out(named, len(wanted), unread)


def _sections_of(fetched: Fetched, progress: Progress) -> Iterator[Section]:
    kind = sniffing.media_type("", fetched.data)
    if kind == sniffing.PDF:
        return pdf.sections(fetched.data, progress, fetched.url)
    if kind == sniffing.HTML or "html" in fetched.media_type:
        return _under_its_title(fetched, progress)
    if fetched.media_type.startswith("text/") and kind == sniffing.PLAIN:
        text = sniffing.text_of(fetched.data)
        found = plain.sections(text, progress)
        return (Section(part.path, part.blocks, fetched.url) for part in found)
    raise Refused("This address doesn’t lead to a page but to a file of an unsupported type.")


def _under_its_title(fetched: Fetched, progress: Progress) -> Iterator[Section]:
    """Adds the page's title above its headings, unless its first heading is the same."""
    title = html.title_of(fetched.data)
    for part in html.sections(fetched.data, progress, fetched.url):
        first = part.path[0] if part.path else ""
        path = part.path if not title or (first and first in title) else (title, *part.path)
        yield Section(path, part.blocks, part.url)


def _left_out(named: sitemaps.Named, read: int, unread: list[str]) -> str:
    parts = []
    if read < len(named.pages):
        pages = f"{len(named.pages):,}{' or more' if named.waiting else ''}"
        parts.append(f"The sitemap lists {pages} pages; your plan includes the first {read:,}.")
    if named.elsewhere:
        parts.append(f"Skipped addresses on other sites: {named.elsewhere:,}.")
    if named.unread:
        parts.append(f"Nested sitemaps that couldn’t be read: {len(named.unread):,}.")
    if unread:
        parts.append(f"{len(unread):,} of {read:,} pages couldn’t be read, such as {unread[0]}")
    return " ".join(parts)[:300]
