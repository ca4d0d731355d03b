"""Reads sitemaps: the pages of its own site that one lists, directly or through other sitemaps."""

from collections import deque
from urllib.parse import urlsplit

from lxml import etree

from core.http import PrivateHosts
from core.knowledge.reading.fetching import LARGEST_PDF, Fetched, fetch, unpacked
from core.knowledge.reading.sections import Progress, Refused

MOST_SITEMAPS = 50
MOST_NAMED = 100_000
"""Once so many pages are listed, no other sitemap is read."""
_NONE = "This isn’t a sitemap. It should be an XML file, such as sitemap.xml."


class Named:
    """The listed pages in order, without duplicates, and what was left out."""

    def __init__(self, *places: str) -> None:
        """`places` are the sitemap's address and its redirect target.

        Pages of both hosts count as its own.
        """
        self._hosts = {_host_of(place) for place in places}
        self._seen = set(places)
        self._pages: dict[str, None] = {}
        self.waiting = deque[str]()
        """Sitemaps not read yet."""
        self.elsewhere = 0
        """How many addresses are on other sites."""
        self.unread: list[str] = []
        """Why sitemaps couldn't be read, a sentence each."""

    @property
    def pages(self) -> list[str]:
        return list(self._pages)

    @property
    def is_enough(self) -> bool:
        return not self.waiting or len(self._pages) >= MOST_NAMED

    def note(self, is_index: bool, addresses: list[str]) -> None:
        """Adds what one sitemap lists."""
        ours = dict.fromkeys(one for one in addresses if _host_of(one) in self._hosts)
        self.elsewhere += sum(one not in ours for one in addresses)
        if not is_index:
            self._pages.update(ours)
            return
        self.waiting += [one for one in ours if one not in self._seen]
        self._seen.update(ours)


def addresses(url: str, private: PrivateHosts, progress: Progress) -> Named:
    """The pages and sitemaps that a sitemap lists. Raises `Refused`."""
    first = fetch(url, private, LARGEST_PDF)
    found = Named(url, first.url)
    found.note(*_locations(first))
    for _ in range(MOST_SITEMAPS - 1):
        if found.is_enough:
            break
        progress.step(0, 0)
        try:
            found.note(*_locations(fetch(found.waiting.popleft(), private, LARGEST_PDF)))
        except Refused as error:
            found.unread.append(error.message)
    if not found.pages:
        raise Refused(" ".join(["The sitemap lists no pages on its own site.", *found.unread[:1]]))
    return found


def _locations(fetched: Fetched) -> tuple[bool, list[str]]:
    """Whether it lists sitemaps instead of pages, and the listed addresses."""
    data = fetched.data
    if data.startswith(b"\x1f\x8b"):
        data = unpacked(data, LARGEST_PDF)
    parser = etree.XMLParser(resolve_entities=False, no_network=True, load_dtd=False)
    try:
        root = etree.fromstring(data, parser)
    except (etree.XMLSyntaxError, ValueError):
        raise Refused(_NONE) from None
    if root.getroottree().docinfo.doctype:  # sitemaps declare no entities; entity bombs do
        raise Refused(_NONE)
    named = ((node.text or "").strip() for node in root.iter("{*}loc"))
    return etree.QName(root).localname == "sitemapindex", [address for address in named if address]


def _host_of(url: str) -> str:
    try:
        return urlsplit(url).hostname or ""
    except ValueError:
        return ""
