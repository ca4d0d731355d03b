"""Reads PDFs page by page, with bookmarks as headings."""

import io
import re
from bisect import bisect_right
from collections.abc import Iterator
from typing import Any

from pypdf import PdfReader
from pypdf.errors import PyPdfError

from core.knowledge.reading.sections import Progress, Refused, Section
from core.text import fit

MOST_PAGES = 5_000
_BROKEN = "The PDF is damaged and can’t be opened. Save it again and add the new file."


def sections(data: bytes, progress: Progress, url: str = "") -> Iterator[Section]:
    """One section for each page with text. Raises `Refused`."""
    reader = _opened(data)
    total = _page_count(reader)
    headings = _Headings(reader)
    found = unread = 0
    for number in range(1, total + 1):
        progress.step(number - 1, total)
        text = _text_of(reader, number)
        unread += text is None
        if text:
            found += 1
            path = (*headings.at(number), f"Page {number}")
            yield Section(path, tuple(text.split("\n\n")), f"{url}#page={number}" if url else "")
    progress.step(total, total)
    if not found and unread:
        raise Refused("None of this PDF’s pages can be read. Save it again and add the new file.")
    if not found:
        raise Refused(
            "This PDF contains no text: its pages are images. Run text recognition (OCR) on it first."
        )
    if unread:
        progress.left_out = f"{unread} of {total} pages couldn’t be read and were skipped."


def _opened(data: bytes) -> PdfReader:
    try:
        reader = PdfReader(io.BytesIO(data))
        if reader.is_encrypted and not reader.decrypt(""):
            raise Refused("The PDF is password-protected. Remove the password and add it again.")
    except Refused:
        raise
    except Exception:  # pypdf raises all kinds of errors on broken files
        raise Refused(_BROKEN) from None
    return reader


def _page_count(reader: PdfReader) -> int:
    try:
        count = len(reader.pages)
    except Exception:
        raise Refused(_BROKEN) from None
    if count > MOST_PAGES:
        raise Refused(
            f"The PDF has {count:,} pages; at most {MOST_PAGES:,} can be read. Split it into smaller files."
        )
    return count


def _text_of(reader: PdfReader, number: int) -> str | None:
    """The page's text as paragraphs; None if it cannot be read."""
    try:
        text = fit(reader.pages[number - 1].extract_text())
    except (
        PyPdfError,
        ValueError,
        KeyError,
        TypeError,
        AttributeError,
        IndexError,
        RecursionError,
    ):
        return None
    text = re.sub(r"(\w)[-\u00ad]\n(?=[a-zäöüß])", r"\1", text)
    paragraphs = (" ".join(part.split()) for part in re.split(r"\n[ \t]*\n", text))
    return "\n\n".join(part for part in paragraphs if part)


class _Headings:
    """The bookmarks, as the headings of each page."""

    def __init__(self, reader: PdfReader) -> None:
        self._pages: list[int] = []
        self._paths: list[tuple[str, ...]] = []
        try:
            self._note(reader, reader.outline, ())
        except Exception:  # unusable bookmarks count as none
            self._pages, self._paths = [], []

    def at(self, page: int) -> tuple[str, ...]:
        place = bisect_right(self._pages, page)
        return self._paths[place - 1] if place else ()

    def _note(self, reader: PdfReader, entries: list[Any], above: tuple[str, ...]) -> None:
        path = above
        for entry in entries:
            if isinstance(entry, list):
                if len(above) < 5:
                    self._note(reader, entry, path)
                continue
            path = (*above, " ".join(fit(str(entry.title)).split())[:120])
            page = (reader.get_destination_page_number(entry) or 0) + 1
            if not self._pages or page >= self._pages[-1]:
                self._pages.append(page)
                self._paths.append(path)
