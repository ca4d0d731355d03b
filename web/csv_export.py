"""CSV exports, streamed row by row, safe against CSV injection in spreadsheets."""

import csv
import re
from collections.abc import Iterable, Iterator, Sequence
from itertools import chain

from flask import Response

_RUN_BY_SPREADSHEETS = ("=", "+", "-", "@", "\t", "\r", "\n", "＝", "＋", "－", "＠")
"""Characters that start a formula (OWASP, “CSV injection”)."""
_SKIPPED_BY_SPREADSHEETS = " \u00a0\u200b\ufeff\0"
_NUMBER = re.compile(r"-?\d{1,30}(?:\.\d{1,30})?", re.ASCII)


class _Line:
    """A file object that keeps only the last line written."""

    def __init__(self) -> None:
        self.text = ""

    def write(self, text: str) -> None:
        self.text = text


def answer(name: str, head: Sequence[str], rows: Iterable[Sequence[object]]) -> Response:
    """A CSV download. `rows` is read after the request has ended, so it needs its own context."""
    response = Response(_lines(head, rows), mimetype="text/csv")
    response.headers["Content-Disposition"] = f'attachment; filename="{name}.csv"'
    return response


def cell(value: object) -> str:
    """The value as text, with a leading quote if a spreadsheet would read it as a formula.

    A number stays one, below zero too.
    """
    text = str(value)
    is_formula = text.lstrip(_SKIPPED_BY_SPREADSHEETS).startswith(_RUN_BY_SPREADSHEETS)
    return f"'{text}" if is_formula and not _NUMBER.fullmatch(text) else text


def _lines(head: Sequence[str], rows: Iterable[Sequence[object]]) -> Iterator[str]:
    line = _Line()
    # Where spreadsheets take semicolons for commas, only quotes keep a cell in one piece.
    writer = csv.writer(line, quoting=csv.QUOTE_ALL)
    for row in chain([head], rows):
        writer.writerow([cell(value) for value in row])
        yield line.text
