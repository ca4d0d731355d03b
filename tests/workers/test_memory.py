"""A file that needs more memory than there is ends with a sentence, and its worker lives on."""

import io
import os
import resource
import signal
import subprocess
import sys
import zipfile
import zlib

import pytest
from lxml import etree

from core.accounts.actor import OPERATOR
from core.bots import bots
from core.bots.bots import Draft
from core.db import session
from core.knowledge import memory, search, sources
from core.knowledge.reading import Refused
from tests.conftest import ROOT
from tests.core.knowledge.test_reading import a_docx
from tests.documents import pdf_of
from tests.workers.test_jobs import _comes_true

LIMIT_MB = 128
SAID = f"Reading this needs more memory than the limit of {LIMIT_MB} MB."
PARAGRAPH = b"<w:p/>"


def a_docx_of_nothing(megabytes: int) -> bytes:
    """Small as a file and below the most that may be unpacked; as a tree it is twenty times that."""
    made = io.BytesIO()
    with (
        zipfile.ZipFile(io.BytesIO(a_docx())) as plain,
        zipfile.ZipFile(made, "w", zipfile.ZIP_DEFLATED) as archive,
    ):
        for name in plain.namelist():
            data = plain.read(name)
            if name == "word/document.xml":
                many = PARAGRAPH * ((megabytes << 20) // len(PARAGRAPH))
                data = data.replace(b"<w:body>", b"<w:body>" + many)
            archive.writestr(name, data)
    return made.getvalue()


def a_pdf_of_nothing(megabytes: int) -> bytes:
    stream = zlib.compress(b"BT /F1 9 Tf " + b"(a) Tj " * ((megabytes << 20) // 7))
    objects = [
        b"<< /Type /Catalog /Pages 2 0 R >>",
        b"<< /Type /Pages /Kids [3 0 R] /Count 1 >>",
        b"<< /Type /Page /Parent 2 0 R /MediaBox [0 0 200 200] /Contents 4 0 R"
        b" /Resources << /Font << /F1 << /Type /Font /Subtype /Type1 /BaseFont /Helvetica >> >> >> >>",
        b"<< /Filter /FlateDecode /Length %d >>\nstream\n%s\nendstream" % (len(stream), stream),
    ]
    return pdf_of(objects)


HOSTILE = {
    "tree.docx": lambda: a_docx_of_nothing(40),
    "page.html": lambda: b"<!doctype html><body>" + b"<p>a" * 1_500_000,
    "page.pdf": lambda: a_pdf_of_nothing(60),
}


@pytest.fixture
def bot(cast):
    return bots.create(cast.workspace, Draft(name="Helper"), OPERATOR)


@pytest.fixture
def reader(app, chosen, data_dir):
    """The real worker, as the Procfile starts it, with little memory."""
    environ = os.environ | {
        "DATA_DIR": str(data_dir),
        "DATABASE_URL": chosen.database_url,
        "KNOWLEDGE_MEMORY_MB": str(LIMIT_MB),
    }
    worker = subprocess.Popen(
        [sys.executable, "-m", "workers.worker", "knowledge"],
        cwd=ROOT, env=environ, stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
    )  # fmt: skip
    yield worker
    worker.send_signal(signal.SIGTERM)
    output, _ = worker.communicate(timeout=30)
    assert worker.returncode == 0, output


def ended(source):
    def is_over() -> bool:
        session().rollback()
        return not sources.get(source.workspace_id, source.id).pending

    assert _comes_true(is_over, 120)
    return sources.get(source.workspace_id, source.id)


def test_files_that_need_too_much_memory_say_so_and_the_next_one_is_read(cast, bot, reader):
    files = [
        sources.add_file(cast.workspace, bot.id, name, make(), OPERATOR)
        for name, make in HOSTILE.items()
    ]
    text = sources.add_text(cast.workspace, bot.id, "Lamps", "The Norre is a lamp.", OPERATOR)
    for source in map(ended, files):
        assert (source.status, source.reason.startswith(SAID)) == ("failed", True), source.reason
    assert (ended(text).status, reader.poll()) == ("ready", None)
    assert len(search.find(bot.id, "Norre lamp")) == 1


@pytest.mark.parametrize(("megabytes", "fits"), [(LIMIT_MB - 16, True), (LIMIT_MB * 3, False)])
def test_a_reading_gets_the_memory_that_there_is_and_no_more(monkeypatch, megabytes, fits):
    """Well over it: what threads of other tests give back meanwhile makes room for some more."""
    monkeypatch.setattr(memory, "_megabytes", LIMIT_MB)
    before = resource.getrlimit(resource.RLIMIT_AS)
    if fits:
        with memory.bounded():
            bytearray(megabytes << 20)
    else:
        with pytest.raises(Refused, match="more memory than the limit of 128 MB"), memory.bounded():
            bytearray(megabytes << 20)
    assert resource.getrlimit(resource.RLIMIT_AS) == before


@pytest.mark.parametrize("error", [ValueError("bad"), Refused("Broken."), etree.LxmlError("bad")])
def test_what_is_wrong_with_a_small_file_is_not_blamed_on_memory(error):
    with pytest.raises(type(error), match=str(error)), memory.bounded():
        raise error
