"""The order of a list: a column of an allow-list, in both ways, with what is not known last."""

import pytest

from core import ordering
from core.ordering import Order

COLUMNS = ("-last", "name")


@pytest.mark.parametrize(
    ("text", "order"),
    [
        ("name", Order("name")),
        ("-name", Order("name", descending=True)),
        ("last", Order("last")),
        *(
            (text, Order("last", descending=True))
            for text in ("", "-", "--name", "-last", "Name", "name ", "id", "name; DROP TABLE bots")
        ),
    ],
)
def test_only_a_listed_column_is_an_order(text, order):
    assert ordering.read(text, COLUMNS) == order


def test_an_order_reads_as_it_was_written_and_turns_round():
    for name in ("name", "-name"):
        assert ordering.read(name, COLUMNS).name == name
        assert ordering.named(name).turned.turned.name == name
        assert ordering.named(name).turned.name != name


def test_rows_without_a_value_come_last_in_both_ways():
    rows, by = [2, None, 3, 1, None], {"n": lambda row: row}
    assert ordering.in_rows(Order("n"), rows, by) == [1, 2, 3, None, None]
    assert ordering.in_rows(Order("n", descending=True), rows, by) == [3, 2, 1, None, None]
