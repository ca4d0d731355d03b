"""Detects the type of a file from its content, and decodes its text."""

import io
import zipfile

from charset_normalizer import from_bytes

from core.knowledge.reading.sections import Refused
from core.text import fit

PDF = "application/pdf"
DOCX = "application/vnd.openxmlformats-officedocument.wordprocessingml.document"
HTML, MARKDOWN, PLAIN = "text/html", "text/markdown", "text/plain"

KINDS_TEXT = "Text, Markdown, HTML, PDF and Word (.docx) files are supported."
_BOMS = ((b"\xef\xbb\xbf", "utf-8-sig"), (b"\xff\xfe", "utf-16"), (b"\xfe\xff", "utf-16"))
_OLD_OFFICE = b"\xd0\xcf\x11\xe0"
_NAMED = {".pdf": (PDF, "a PDF"), ".docx": (DOCX, "a Word document (.docx)")}
_GUESSED_FROM_BYTES = 200_000


def media_type(name: str, data: bytes) -> str:
    """One of the five types above. Raises `Refused` for other content, or if the name contradicts it."""
    if not data.strip():
        raise Refused("The file is empty.")
    found = _sniffed(name.lower(), data)
    for ending, (wanted, words) in _NAMED.items():
        if name.lower().endswith(ending) and found != wanted:
            raise Refused(f"Its name ends in {ending}, but it isn’t {words}. {KINDS_TEXT}")
    return found


def text_of(data: bytes) -> str:
    """Decodes UTF-8, UTF-16 with a byte order mark, or the encoding that the bytes suggest."""
    for mark, encoding in _BOMS:
        if data.startswith(mark):
            return fit(data.decode(encoding, "replace"))
    try:
        return fit(data.decode("utf-8"))
    except UnicodeDecodeError:
        best = from_bytes(data[:_GUESSED_FROM_BYTES]).best()
        return fit(data.decode(best.encoding if best else "cp1252", "replace"))


def _sniffed(name: str, data: bytes) -> str:
    if b"%PDF-" in data[:1024]:
        return PDF
    if data.startswith(b"PK"):
        return _in_zip(data)
    if data.startswith(_OLD_OFFICE):
        raise Refused("This is an old Office file. Save it as .docx or PDF and add that.")
    if b"\0" in data[:8192] and not data.startswith((b"\xff\xfe", b"\xfe\xff")):
        raise Refused(f"This isn’t a text file. {KINDS_TEXT}")
    head = data[:2048].lstrip(b"\xef\xbb\xbf \t\r\n").lower()
    if head.startswith((b"<!doctype html", b"<html")) or name.endswith((".html", ".htm")):
        return HTML
    return MARKDOWN if name.endswith((".md", ".markdown")) else PLAIN


def _in_zip(data: bytes) -> str:
    try:
        with zipfile.ZipFile(io.BytesIO(data)) as archive:
            if "word/document.xml" in archive.namelist():
                return DOCX
    except (zipfile.BadZipFile, ValueError, NotImplementedError):
        raise Refused(
            "The file is damaged and can’t be opened. Save it again and add the new file."
        ) from None
    raise Refused(f"This is an archive or an unsupported Office file. {KINDS_TEXT}")
