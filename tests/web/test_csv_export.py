"""Every file for spreadsheets: nothing in it runs, numbers are numbers, and a cell stays in one piece."""

import ast
import csv
import io

import pytest

from tests.house.sources import sources
from web import csv_export

RUN = ["=", "+", "-", "@", "\t", "\r", "\n", "＝", "＋", "－", "＠"]


@pytest.mark.parametrize("before", ["", " ", "   ", "\u00a0", "\ufeff", "\u200b", "\0"])
@pytest.mark.parametrize("start", RUN)
@pytest.mark.parametrize("rest", ["HYPERLINK(1)", "", "1+1", "1-2", "1e5", "1.2.3", "\u0661"])
def test_what_a_spreadsheet_would_run_is_text(before, start, rest):
    text = f"{before}{start}{rest}"
    assert csv_export.cell(text) == f"'{text}"


@pytest.mark.parametrize(
    "value", [0, 7, -7, -1.5, "-1.234500", "1.5", "", "a=b", "a-b", "'", "x@y.z", True, None]
)
def test_everything_else_stays_as_it_is(value):
    assert csv_export.cell(value) == str(value)


@pytest.mark.parametrize("text", ["a;=1+1", "a,=1+1", 'a";"=1+1', "a\r\n=1+1", "a\t=1+1"])
def test_a_cell_stays_in_one_piece_whatever_separates_cells(app, text):
    with app.test_request_context():
        file = csv_export.answer("file", ["one", "two"], [[text, 1]]).get_data(as_text=True)
    for separator in (",", ";", "\t"):
        found = list(csv.reader(io.StringIO(file, newline=""), delimiter=separator))
        assert not any(one.startswith("=") for row in found for one in row)
    assert list(csv.reader(io.StringIO(file, newline="")))[1] == [text, "1"]


def test_one_module_writes_all_of_them():
    writers = {
        source.name
        for source in sources()
        for node in ast.walk(source.tree)
        if isinstance(node, ast.Import) and any(one.name == "csv" for one in node.names)
    }
    assert writers == {"web.csv_export"}
