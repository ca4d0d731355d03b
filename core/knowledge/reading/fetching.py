"""Fetches an address that a person entered, from the public internet only.

At most three redirects are followed, each checked like the first address (decision 0006). Private
hosts are read only if the operator allowed them.
"""

import gzip
import io
import zlib
from dataclasses import dataclass
from urllib.parse import urljoin

from core.http import (
    HttpError,
    NotPublic,
    NotSendable,
    PrivateHosts,
    Timeouts,
    WholeResponse,
    request,
)
from core.knowledge.reading import sniffing
from core.knowledge.reading.sections import Refused

LIMITS = Timeouts(connect_seconds=5, first_byte_seconds=15, stall_seconds=15, total_seconds=45)
MOST_REDIRECTS = 3
LARGEST_PAGE = 5 * 1024 * 1024
LARGEST_PDF = 20 * 1024 * 1024
_REDIRECTS = (301, 302, 303, 307, 308)
_HEADERS = {
    "user-agent": "Mevichat (reads pages that its users name)",
    "accept": "text/html,application/xhtml+xml,text/plain,application/pdf,application/xml;q=0.9",
}


@dataclass(frozen=True)
class Fetched:
    """The content; `url` is where redirects ended."""

    url: str
    media_type: str
    data: bytes


def fetch(url: str, private: PrivateHosts, largest: int = LARGEST_PAGE) -> Fetched:
    """Fetches an address, following at most three redirects. Raises `Refused`."""
    been: list[str] = []
    while True:
        url = _checked(url, been, private)
        been.append(url)
        try:
            public_only = not private.include(url)
            with request(
                "GET", url, _HEADERS, timeouts=LIMITS, public_only=public_only
            ) as response:
                to = response.headers.get("location", "")
                if response.status not in _REDIRECTS or not to:
                    return _answer(response, url, largest)
        except HttpError as error:
            raise _refusal(error, been[:-1]) from None
        url = _next(url, to)


def unpacked(data: bytes, largest: int) -> bytes:
    """Unpacks gzip, up to the size limit. Raises `Refused`."""
    try:
        with gzip.GzipFile(fileobj=io.BytesIO(data)) as packed:
            found = packed.read(largest + 1)
    except (OSError, EOFError, zlib.error):
        raise Refused("The page couldn’t be read: its content is damaged.") from None
    if len(found) > largest:
        raise Refused(f"This is larger than {largest >> 20} MB when unpacked.")
    return found


def _checked(url: str, been: list[str], private: PrivateHosts) -> str:
    """The address in its valid form; `been` are the addresses that redirected to it."""
    try:
        url = private.checked(url)
    except HttpError as error:
        raise _refusal(error, been) from None
    if url in been:
        raise Refused("The page redirects in a loop.")
    if len(been) > MOST_REDIRECTS:
        raise Refused(f"The page redirects more than {MOST_REDIRECTS} times.")
    return url


def _next(url: str, to: str) -> str:
    try:
        return urljoin(url, to)
    except ValueError:
        raise Refused("The page redirects to an invalid address.") from None


def _refusal(error: HttpError, been: list[str]) -> Refused:
    """Why an address was not read: the entered one, or one that it redirects to."""
    if not been:
        return Refused(f"The page couldn’t be read. {error.message}")
    if isinstance(error, NotPublic):
        return Refused(
            "The page redirects to a private network, which Mevichat isn’t allowed to reach."
        )
    if isinstance(error, NotSendable):
        return Refused("The page redirects to an address that isn’t a web page.")
    return Refused(f"The page redirects to another page, which couldn’t be read. {error.message}")


def _answer(response: WholeResponse, url: str, largest: int) -> Fetched:
    if response.status != 200:
        raise Refused(f"The page couldn’t be read: it returned status {response.status}.")
    media_type = response.headers.get("content-type", "").partition(";")[0].strip().lower()
    limit = LARGEST_PDF if media_type == sniffing.PDF else largest
    data = response.read(limit)
    if response.headers.get("content-encoding", "") in ("gzip", "x-gzip"):
        data = unpacked(data, limit)
    return Fetched(url, media_type, data)
