"""Reads sources into sections of text, with one module for each format.

Readers trust nothing: size, pages and time are limited, types are detected from the content, and
the result contains no markup. Every failure is a `Refused` with a message for people.
"""

import json
from collections.abc import Iterator

from core.http import NO_PRIVATE_HOSTS, PrivateHosts
from core.knowledge.models import PAGE, QA, SITEMAP, TEXT, Source
from core.knowledge.reading import docx, html, pages, pdf, plain, sniffing
from core.knowledge.reading.sections import Progress, Refused, Section, Superseded

__all__ = ["MOST_CHARACTERS", "Progress", "Refused", "Section", "Superseded", "read"]

MOST_CHARACTERS = 5_000_000


def read(
    source: Source,
    data: bytes,
    progress: Progress,
    *,
    private: PrivateHosts = NO_PRIVATE_HOSTS,
    most_pages: int = 1,
) -> Iterator[Section]:
    """The sections of a source; `data` is its content, if it has any. Raises `Refused`.

    `private` are the hosts of the private network that may be read; `most_pages` limits a sitemap.
    """
    characters = 0
    for section in _sections(source, data, progress, private, most_pages):
        characters += sum(map(len, section.blocks))
        if characters > MOST_CHARACTERS:
            raise Refused(
                f"This has more than {MOST_CHARACTERS:,} characters. Split it into smaller parts."
            )
        yield section


def _sections(
    source: Source, data: bytes, progress: Progress, private: PrivateHosts, most_pages: int
) -> Iterator[Section]:
    if source.kind == PAGE:
        return pages.page(source.url, private, progress)
    if source.kind == SITEMAP:
        return pages.site(source.url, private, most_pages, progress)
    if source.kind == QA:
        return iter([_qa(data)])
    if source.kind == TEXT:
        return plain.sections(data.decode(), progress)
    return _file_sections(source.media_type, data, progress)


def _file_sections(media_type: str, data: bytes, progress: Progress) -> Iterator[Section]:
    if media_type == sniffing.PDF:
        return pdf.sections(data, progress)
    if media_type == sniffing.DOCX:
        return docx.sections(data, progress)
    if media_type == sniffing.HTML:
        return html.sections(data, progress)
    text = sniffing.text_of(data)
    if media_type == sniffing.MARKDOWN:
        return plain.markdown_sections(text, progress)
    return plain.sections(text, progress)


def _qa(data: bytes) -> Section:
    pair = json.loads(data)
    return Section((pair["question"],), (pair["answer"],), whole=True)
