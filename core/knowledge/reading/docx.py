"""Word documents: headings by style, paragraphs, lists, tables."""

import io
import re
import zipfile
from collections.abc import Iterator

from docx import Document
from docx.document import Document as WordDocument
from docx.table import Table
from docx.text.paragraph import Paragraph

from core.knowledge.reading.sections import Progress, Refused, Section
from core.text import fit

MAX_UNPACKED_BYTES = 100 * 1024 * 1024
MOST_PARTS = 5_000
_STEP = 200
_BROKEN = "The document is damaged and can’t be opened. Save it again and add the new file."
_STYLE = re.compile(r"(?:heading|title|überschrift|titre)\s*(\d?)", re.IGNORECASE)


def sections(data: bytes, progress: Progress) -> Iterator[Section]:
    """The document's sections, by its headings. Raises `Refused`."""
    progress.step(0, 1)
    _check_sizes(data)
    document = _opened(data)
    items = list(document.iter_inner_content())
    headings: list[tuple[int, str]] = []
    blocks: list[str] = []
    for number, item in enumerate(items):
        if number % _STEP == 0:
            progress.step(number, len(items))
        level = _level(item) if isinstance(item, Paragraph) else 0
        text = _text_of(item)
        if not text:
            continue
        if not level:
            blocks.append(text)
            continue
        if blocks:
            yield Section(tuple(title for _, title in headings), tuple(blocks))
        blocks = []
        headings = [(other, title) for other, title in headings if other < level]
        headings.append((level, text[:280]))
    if blocks:
        yield Section(tuple(title for _, title in headings), tuple(blocks))
    progress.step(len(items), len(items))


def _check_sizes(data: bytes) -> None:
    """Limits the unpacked size to 100 MB, both as declared by the archive and as measured."""
    try:
        with zipfile.ZipFile(io.BytesIO(data)) as archive:
            parts = archive.infolist()
            too_large = sum(part.file_size for part in parts) > MAX_UNPACKED_BYTES
            if too_large or len(parts) > MOST_PARTS or _unpacks_to_more(archive):
                raise Refused(
                    "The document is larger than 100 MB when unpacked. Split it into smaller files."
                )
    except (zipfile.BadZipFile, ValueError, NotImplementedError, RuntimeError, OSError, EOFError):
        raise Refused(_BROKEN) from None


def _unpacks_to_more(archive: zipfile.ZipFile) -> bool:
    size = 0
    for part in archive.infolist():
        with archive.open(part) as opened:
            while data := opened.read(1 << 20):
                size += len(data)
                if size > MAX_UNPACKED_BYTES:
                    return True
    return False


def _opened(data: bytes) -> WordDocument:
    try:
        return Document(io.BytesIO(data))
    except Exception:  # python-docx raises all kinds of errors on broken files
        raise Refused(_BROKEN) from None


def _level(paragraph: Paragraph) -> int:
    """1 to 9 for a heading, 0 for any other paragraph."""
    style = paragraph.style
    found = _STYLE.fullmatch(style.name) if style is not None and style.name else None
    return int(found[1] or 1) if found else 0


def _text_of(item: Paragraph | Table) -> str:
    if isinstance(item, Table):
        rows = (" | ".join(_line(cell.text) for cell in row.cells) for row in item.rows)
        return "\n".join(row for row in rows if row.strip(" |"))
    text = _line(item.text)
    properties = item._p.pPr  # noqa: SLF001  (python-docx has no public API for lists)
    is_listed = properties is not None and properties.numPr is not None
    return f"- {text}" if text and is_listed else text


def _line(text: str) -> str:
    return " ".join(fit(text).split())
