"""What comes in as a file is text when it comes out, or one clear sentence."""

import io
import zipfile

import pytest
from docx import Document
from pypdf import PdfWriter

from core.errors import Invalid
from core.http import NO_PRIVATE_HOSTS
from core.knowledge import chunking, sources
from core.knowledge.models import FILE, Source
from core.knowledge.reading import (
    Progress,
    Refused,
    docx,
    fetching,
    html,
    pdf,
    plain,
    read,
    sniffing,
)
from core.knowledge.reading import sections as parts
from tests.documents import a_manual, pdf_of

PAGE = """<!doctype html><title>Norre</title><body><nav><a href=/>Home</a> menu</nav>
<main><h1 id=top>Lamps</h1><p>We make <b>lamps</b>.</p>
<ul class=toc><li><a href=#a>Alpha</a><li><a href=#b>Beta</a><li><a href=#c>Gamma</a></ul>
<h2 id=bulbs>Bulbs<a class=headerlink href=#bulbs>¶</a></h2>
<p hx-get="/secret" onclick="alert(1)">60 watts &lt;script&gt;</p><script>alert(2)</script>
<table><tr><th>Lamp<th>Watts<tr><td>Norre<td>60</table><pre>a
  b</pre></main><footer>Imprint</footer>"""


def sections_of(name: str, data: bytes) -> list[parts.Section]:
    source = Source(kind=FILE, title=name, media_type=sniffing.media_type(name, data))
    return list(read(source, data, Progress()))


def refusal(name: str, data: bytes) -> str:
    with pytest.raises(Refused) as caught:
        sections_of(name, data)
    return caught.value.message


def a_docx(*extra: tuple[str, bytes]) -> bytes:
    document = Document()
    document.add_heading("Lamps", 1)
    document.add_paragraph("We make lamps.")
    document.add_heading("Bulbs", 2)
    document.add_paragraph("60 watts", style="List Bullet")
    table = document.add_table(1, 2)
    table.cell(0, 0).text, table.cell(0, 1).text = "Norre", "60"
    made = io.BytesIO()
    document.save(made)
    with zipfile.ZipFile(made, "a", zipfile.ZIP_DEFLATED) as archive:
        for name, data in extra:
            archive.writestr(name, data)
    return made.getvalue()


def a_pdf(text: str = "", pages: int = 1, password: str = "") -> bytes:
    """A PDF whose first page says the text."""
    stream = f"BT /F1 12 Tf 20 100 Td ({text}) Tj ET".encode()
    objects = [
        b"<< /Type /Catalog /Pages 2 0 R >>",
        b"<< /Type /Pages /Kids [3 0 R] /Count 1 >>",
        b"<< /Type /Page /Parent 2 0 R /MediaBox [0 0 200 200] /Contents 4 0 R"
        b" /Resources << /Font << /F1 << /Type /Font /Subtype /Type1 /BaseFont /Helvetica >> >> >> >>",
        b"<< /Length %d >>\nstream\n%s\nendstream" % (len(stream), stream),
    ]
    data = pdf_of(objects)
    if pages == 1 and not password:
        return data
    writer = PdfWriter()
    writer.append(io.BytesIO(data))
    for _ in range(pages - 1):
        writer.add_blank_page(100, 100)
    if password:
        writer.encrypt(password)
    made = io.BytesIO()
    writer.write(made)
    return made.getvalue()


def test_a_page_is_its_text_under_its_headings():
    lamps, bulbs = html.sections(PAGE.encode(), Progress(), "https://x.example/a")
    assert (lamps.path, lamps.blocks) == (("Lamps",), ("We make lamps.",))
    assert bulbs.path == ("Lamps", "Bulbs")
    assert bulbs.blocks == ("60 watts <script>", "Lamp | Watts\nNorre | 60", "a\n  b")
    assert (lamps.url, bulbs.url) == ("https://x.example/a#top", "https://x.example/a#bulbs")


def test_markdown_is_its_text_and_no_html_of_it_survives():
    text = "# Lamps\n\nWe *make* lamps. <img src=x onerror=alert(1)>\n\n```\n# no heading\n```"
    (section,) = sections_of("a.md", text.encode())
    assert section == parts.Section(("Lamps",), ("We make lamps.", "# no heading"))


def test_plain_text_keeps_its_lines_and_knows_headings():
    found = list(
        plain.sections("Before\r\n\r\n# A\nline __one__\nline two\n\n## B\n\nb\n# C\nc", Progress())
    )
    assert [(one.path, one.blocks) for one in found] == [
        ((), ("Before",)), (("A",), ("line __one__\nline two",)), (("A", "B"), ("b",)), (("C",), ("c",)),
    ]  # fmt: skip


def test_a_word_document_is_read_with_headings_lists_and_tables():
    lamps, bulbs = sections_of("a.docx", a_docx())
    assert (lamps.path, lamps.blocks) == (("Lamps",), ("We make lamps.",))
    assert (bulbs.path, bulbs.blocks[-1]) == (("Lamps", "Bulbs"), "Norre | 60")


def test_a_pdf_is_read_page_by_page():
    (page,) = sections_of("a.pdf", a_pdf("Hello lamps"))
    assert (page.path, page.blocks) == (("Page 1",), ("Hello lamps",))


def test_a_large_pdf_with_pictures_is_read_to_its_last_page():
    data = a_manual(40, 1 << 20, ["lamp", "bulb", "watt"])
    assert (1 << 20) * 0.95 < len(data) < (1 << 20) * 1.05
    found = sections_of("a.pdf", data)
    assert [one.path[-1] for one in found] == [f"Page {number}" for number in range(1, 41)]
    assert sum(len(block.split()) for block in found[-1].blocks) == 300


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "cp1252"])
def test_a_text_is_read_in_its_encoding(encoding):
    text = "Die Größe der Lampe beträgt fünfzig Zentimeter, und sie ist für draußen geeignet. " * 3
    (section,) = sections_of("a.txt", text.encode(encoding))
    assert section.blocks[0].startswith("Die Größe der Lampe beträgt fünfzig")


@pytest.mark.parametrize(
    ("name", "data", "words"),
    [
        ("a.txt", b"  \n", "empty"),
        ("a.pdf", b"no pdf", "ends in .pdf"),
        ("a.docx", b"no docx", "ends in .docx"),
        ("a.pdf", b"%PDF-1.7 broken", "damaged"),
        ("a.pdf", a_pdf(pages=2), "This PDF contains no text"),
        ("a.pdf", a_pdf("x", password="secret"), "password"),
        ("a.docx", b"PK\x03\x04broken", "damaged"),
        ("a.doc", b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + bytes(100), "old Office"),
        ("a.txt", b"\x7fELF\x02\x01\x01\0\0\0", "isn’t a text file"),
        ("a.png", b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR", "isn’t a text file"),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_what_cannot_be_read_is_said_in_a_sentence(name, data, words):
    assert words in refusal(name, data)


def test_another_archive_is_no_document():
    made = io.BytesIO()
    with zipfile.ZipFile(made, "w") as archive:
        archive.writestr("xl/workbook.xml", "x")
    assert "an unsupported Office file" in refusal("a.zip", made.getvalue())


@pytest.mark.parametrize(("megabytes", "refused"), [(95, False), (101, True)])
def test_a_word_document_that_unpacks_to_too_much_is_refused(megabytes, refused):
    bomb = a_docx(("word/media/a.bin", bytes(megabytes << 20)))
    assert len(bomb) < 1 << 20
    if refused:
        assert "larger than 100 MB" in refusal("a.docx", bomb)
    else:
        assert sections_of("a.docx", bomb)


def test_a_word_document_whose_sizes_lie_is_refused():
    bomb = bytearray(a_docx(("word/media/a.bin", bytes(2 << 20))))
    real, said = (2 << 20).to_bytes(4, "little"), (10).to_bytes(4, "little")
    assert "damaged" in refusal("a.docx", bytes(bomb).replace(real, said))


@pytest.mark.parametrize(("over", "refused"), [(0, False), (1, True)])
def test_a_pdf_has_a_most_of_pages(monkeypatch, over, refused):
    monkeypatch.setattr("core.knowledge.reading.pdf.MOST_PAGES", 3)
    data = a_pdf("Hello", pages=3 + over)
    if refused:
        assert "at most 3 can be read" in refusal("a.pdf", data)
    else:
        assert sections_of("a.pdf", data)


@pytest.mark.parametrize(("over", "refused"), [(-1, False), (0, False), (1, True)])
def test_a_source_has_a_most_of_characters(monkeypatch, over, refused):
    monkeypatch.setattr("core.knowledge.reading.MOST_CHARACTERS", 100)
    data = b"x" * (100 + over)
    if refused:
        assert "more than 100 characters" in refusal("a.txt", data)
    else:
        assert sections_of("a.txt", data)


def test_a_reading_ends_after_its_time():
    with pytest.raises(Refused, match="five minutes"):
        Progress(seconds=-1).step(1, 2)


def test_a_superseded_reading_ends_between_two_pages():
    progress = Progress()
    progress.superseded = True
    with pytest.raises(parts.Superseded):
        progress.step(1, 2)


def test_a_page_nested_without_end_is_read_or_refused():
    deep = b"<html><body>" + b"<div>" * 50_000 + b"lamp"
    try:
        assert list(html.sections(deep, Progress())) is not None
    except Refused as error:
        assert "nested" in error.message


def test_pages_of_a_pdf_that_cannot_be_read_are_counted(monkeypatch):
    texts = {1: "Hello", 2: None, 3: ""}
    monkeypatch.setattr(pdf, "_text_of", lambda _, number: texts[number])
    progress, data = Progress(), a_pdf("x", pages=3)
    assert len(list(pdf.sections(data, progress))) == 1
    assert progress.left_out == "1 of 3 pages couldn’t be read and were skipped."
    texts[1] = None
    assert refusal("a.pdf", data).startswith("None of this PDF’s pages can be read.")


def test_a_wrong_file_is_refused_when_it_is_added(cast, bot):
    from core.accounts.actor import OPERATOR

    with pytest.raises(Invalid, match="“a.pdf”: Its name ends in .pdf"):
        sources.add_file(cast.workspace, bot.id, "C:\\x\\a.pdf", b"none", OPERATOR)


@pytest.mark.parametrize("url", ["http://127.0.0.1:1/", "http://localhost/", "http://10.0.0.1/x"])
def test_a_private_address_is_never_fetched(url):
    with pytest.raises(Refused, match="private network"):
        fetching.fetch(url, NO_PRIVATE_HOSTS)


@pytest.mark.parametrize(("size", "count"), [(1199, 1), (1200, 1), (1201, 2)])
def test_a_block_is_whole_while_it_fits(size, count):
    block = ("lamp " * 300)[: size - 1] + "."
    assert len(list(chunking.bodies([block]))) == count


def test_blocks_share_a_chunk_and_the_last_sentence_is_said_again():
    first, second = "One. " * 150 + "The last.", "Two. " * 150
    one, two = chunking.bodies([first, second.strip()])
    assert one.endswith("The last.")
    assert two.startswith("The last.\n\nTwo.")


def test_no_text_is_lost_and_none_is_too_long():
    blocks = ["word " * 900, "x" * 5000, "a. " * 700, "line\n" * 600, "短い文。" * 600]
    found = list(chunking.bodies(blocks))
    assert max(map(len, found)) <= chunking.TARGET + chunking.LONGEST_OVERLAP + 2
    said = "".join("".join(found).split())
    for block in blocks:
        assert said.count("".join(block.split())[:50]) >= 1
    assert sum(map(len, found)) >= sum(len("".join(block.split())) for block in blocks)


def test_headings_stand_above_a_chunk_with_the_name_of_its_source():
    (piece,) = chunking.pieces([parts.Section(("A", "B"), ("b",))], "Doc")
    assert (piece.title, piece.path, piece.body) == ("B", "Doc › A", "b")


def test_docx_counts_its_parts():
    assert docx.MAX_UNPACKED_BYTES == 100 << 20
