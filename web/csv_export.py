"""Rows as CSV, streamed as they are read, with nothing in them that a spreadsheet would run."""

import csv
from collections.abc import Iterable, Iterator, Sequence
from itertools import chain

from flask import Response

_RUN_BY_SPREADSHEETS = ("=", "+", "-", "@", "\t", "\r", "\n")
"""What a formula, or a cell that is read as one, begins with (OWASP, “CSV injection”)."""


class _Line:
    """A file of one line: what the writer wrote last."""

    def __init__(self) -> None:
        self.text = ""

    def write(self, text: str) -> None:
        self.text = text


def answer(name: str, head: Sequence[str], rows: Iterable[Sequence[object]]) -> Response:
    """A file to keep. `rows` are asked for after the request has ended: they read in a context of theirs."""
    response = Response(_lines(head, rows), mimetype="text/csv")
    response.headers["Content-Disposition"] = f'attachment; filename="{name}.csv"'
    return response


def cell(value: object) -> str:
    """The value as text; a quote before what a spreadsheet would run makes it text there too."""
    text = str(value)
    return f"'{text}" if text.startswith(_RUN_BY_SPREADSHEETS) else text


def _lines(head: Sequence[str], rows: Iterable[Sequence[object]]) -> Iterator[str]:
    line = _Line()
    writer = csv.writer(line)
    for row in chain([head], rows):
        writer.writerow([cell(value) for value in row])
        yield line.text
