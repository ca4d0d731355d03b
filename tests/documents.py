"""Files made for tests and measurements, byte by byte where a library would not let them be so."""

import random
import zlib
from collections.abc import Sequence


def pdf_of(objects: Sequence[bytes]) -> bytes:
    """A PDF that holds these objects, the first of which is its catalogue."""
    data, places = bytearray(b"%PDF-1.4\n"), []
    for number, body in enumerate(objects, 1):
        places.append(len(data))
        data += b"%d 0 obj\n%s\nendobj\n" % (number, body)
    table = b"".join(b"%010d 00000 n \n" % place for place in places)
    size, end = len(objects) + 1, len(data)
    data += b"xref\n0 %d\n0000000000 65535 f \n%s" % (size, table)
    data += b"trailer << /Size %d /Root 1 0 R >>\nstartxref\n%d\n%%%%EOF" % (size, end)
    return bytes(data)


def a_manual(pages: int, size_bytes: int, words: Sequence[str], seed: int = 1) -> bytes:
    """A PDF of some 300 words a page, with a picture on every page that brings it to about that size."""
    chance = random.Random(seed)
    texts = [_page_text(words, chance) for _ in range(pages)]
    side = int((max(0, size_bytes - sum(map(len, texts)) - 300 * pages) / pages) ** 0.5)
    kids = b" ".join(b"%d 0 R" % (4 + 3 * number) for number in range(pages))
    objects = [
        b"<< /Type /Catalog /Pages 2 0 R >>",
        b"<< /Type /Pages /Kids [%s] /Count %d >>" % (kids, pages),
        b"<< /Type /Font /Subtype /Type1 /BaseFont /Helvetica /Encoding /WinAnsiEncoding >>",
    ]
    for number, text in enumerate(texts):
        first = 4 + 3 * number
        objects.append(
            b"<< /Type /Page /Parent 2 0 R /MediaBox [0 0 595 842] /Contents %d 0 R /Resources"
            b" << /Font << /F1 3 0 R >> /XObject << /I1 %d 0 R >> >> >>" % (first + 1, first + 2)
        )
        objects.append(_stream(b"/Filter /FlateDecode", text))
        picture = b"/Type /XObject /Subtype /Image /ColorSpace /DeviceGray /BitsPerComponent 8"
        sizes = b" /Width %d /Height %d" % (side, side)
        objects.append(_stream(picture + sizes, chance.randbytes(side * side)))
    return pdf_of(objects)


def _page_text(words: Sequence[str], chance: random.Random) -> bytes:
    lines = [" ".join(chance.choices(words, k=10)).encode("ascii") for _ in range(30)]
    said = b"".join(b"(%s.) Tj T*\n" % line for line in lines)
    return zlib.compress(
        b"q 100 0 0 100 400 700 cm /I1 Do Q\nBT /F1 10 Tf 14 TL 60 780 Td\n" + said + b"ET"
    )


def _stream(entries: bytes, data: bytes) -> bytes:
    return b"<< %s /Length %d >>\nstream\n%s\nendstream" % (entries, len(data), data)
