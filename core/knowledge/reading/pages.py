"""Web pages and sitemaps, fetched from where a person said: into the public internet only.

A redirect is followed by hand, three at most, each new address checked like the first (decision 0006).
"""

import gzip
import io
import zlib
from collections.abc import Iterator
from dataclasses import dataclass
from urllib.parse import urljoin, urlsplit

from lxml import etree

from core.http import Exchange, HttpError, Timeouts, checked_url
from core.knowledge.reading import html, pdf, plain, sniffing
from core.knowledge.reading.sections import Progress, Refused, Section

LIMITS = Timeouts(connect_seconds=5, first_byte_seconds=15, stall_seconds=15, total_seconds=45)
MOST_REDIRECTS = 3
LARGEST_PAGE = 5 * 1024 * 1024
LARGEST_PDF = 20 * 1024 * 1024
MOST_SITEMAPS = 50
_REDIRECTS = (301, 302, 303, 307, 308)
_HEADERS = {
    "user-agent": "Mevichat (reads pages that its users name)",
    "accept": "text/html,application/xhtml+xml,text/plain,application/pdf,application/xml;q=0.9",
    "accept-encoding": "identity",
}


@dataclass(frozen=True)
class Fetched:
    """What an address led to; `url` is where it ended."""

    url: str
    media_type: str
    data: bytes


def page(url: str, private: bool, progress: Progress) -> Iterator[Section]:
    """The sections of one page. Raises `Refused`."""
    progress.step(0, 1)
    yield from _sections_of(fetch(url, private), progress)


def site(url: str, private: bool, most: int, progress: Progress) -> Iterator[Section]:
    """The pages that a sitemap names, of its own host, so many at most. Raises `Refused`.

    A page that cannot be read is left out, and said to be.
    """
    named = addresses(url, private)
    failed = ""
    unread = 0
    for number, address in enumerate(named[:most]):
        progress.step(number, min(len(named), most))
        try:
            yield from _sections_of(fetch(address, private), Progress())
        except Refused as error:
            unread, failed = unread + 1, failed or f"{urlsplit(address).path}: {error.message}"
    progress.step(min(len(named), most), min(len(named), most))
    progress.left_out = _left_out(len(named), most, unread, failed)


def addresses(url: str, private: bool) -> list[str]:
    """The pages in a sitemap, and in the sitemaps that it names, in their order, each once."""
    host = urlsplit(url).hostname
    waiting, seen, found = [url], {url}, dict[str, None]()
    for _ in range(MOST_SITEMAPS):
        if not waiting:
            break
        kind, named = _locations(fetch(waiting.pop(0), private, LARGEST_PDF))
        named = [address for address in named if urlsplit(address).hostname == host]
        if kind == "sitemapindex":
            waiting += [address for address in named if address not in seen]
            seen.update(named)
        else:
            found.update(dict.fromkeys(named))
    if not found:
        raise Refused("The sitemap names no page of its own site.")
    return list(found)


def fetch(url: str, private: bool, largest: int = LARGEST_PAGE) -> Fetched:
    """What is at an address, after three redirects at most. Raises `Refused` with a sentence."""
    for _ in range(MOST_REDIRECTS + 1):
        try:
            url = checked_url(url, private=private)
            with Exchange(LIMITS, public_only=not private) as exchange:
                exchange.send("GET", url, _HEADERS)
                if exchange.status in _REDIRECTS and (to := exchange.headers.get("location")):
                    url = urljoin(url, to)
                    continue
                return _answer(exchange, url, largest)
        except HttpError as error:
            raise Refused(f"The page could not be read. {error.message}") from None
        except ValueError:
            raise Refused("The page leads on to an address that is none.") from None
    raise Refused(f"The page leads on more than {MOST_REDIRECTS} times.")


def _answer(exchange: Exchange, url: str, largest: int) -> Fetched:
    if exchange.status != 200:
        raise Refused(f"The page could not be read: it answered {exchange.status}.")
    media_type = exchange.headers.get("content-type", "").partition(";")[0].strip().lower()
    limit = LARGEST_PDF if media_type == sniffing.PDF else largest
    data = exchange.read(limit)
    if exchange.headers.get("content-encoding", "") in ("gzip", "x-gzip"):
        data = _unpacked(data, limit)
    return Fetched(url, media_type, data)


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
    raise Refused("At this address is no page, but a file of a kind that cannot be read from here.")


def _under_its_title(fetched: Fetched, progress: Progress) -> Iterator[Section]:
    """The page's own title stands above its headings, unless its first heading says the same."""
    title = html.title_of(fetched.data)
    for part in html.sections(fetched.data, progress, fetched.url):
        first = part.path[0] if part.path else ""
        path = part.path if not title or (first and first in title) else (title, *part.path)
        yield Section(path, part.blocks, part.url)


def _locations(fetched: Fetched) -> tuple[str, list[str]]:
    """Whether it is a `urlset` or a `sitemapindex`, and what it names."""
    data = fetched.data
    if data.startswith(b"\x1f\x8b"):
        data = _unpacked(data, LARGEST_PDF)
    parser = etree.XMLParser(resolve_entities=False, no_network=True, load_dtd=False)
    try:
        root = etree.fromstring(data, parser)
    except (etree.XMLSyntaxError, ValueError):
        raise Refused(
            "This is no sitemap: it should be an XML file, such as sitemap.xml."
        ) from None
    named = (node.text or "" for node in root.iter("{*}loc"))
    return etree.QName(root).localname, [text.strip() for text in named if text.strip()]


def _unpacked(data: bytes, largest: int) -> bytes:
    try:
        with gzip.GzipFile(fileobj=io.BytesIO(data)) as packed:
            unpacked = packed.read(largest + 1)
    except (OSError, EOFError, zlib.error):
        raise Refused("The page could not be read: what it sent is broken.") from None
    if len(unpacked) > largest:
        raise Refused("The page is larger than anything expected.")
    return unpacked


def _left_out(named: int, most: int, unread: int, failed: str) -> str:
    parts = []
    if named > most:
        parts.append(f"The sitemap names {named:,} pages; your plan reads the first {most:,}.")
    if unread:
        parts.append(f"{unread} of them could not be read, such as {failed}")
    return " ".join(parts)[:300]
