"""The order of a list as an address names it: a column of an allow-list, with `-` for the greatest first.

Each list has its columns as a tuple of such names, in the way that people want them first: `("name",
"-messages")`; the first of them is the order that applies by default. What is no column is that one.
"""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import Any, TypeVar

from sqlalchemy import ColumnElement
from sqlalchemy.orm import InstrumentedAttribute

Row = TypeVar("Row")
Column = ColumnElement[Any] | InstrumentedAttribute[Any]


@dataclass(frozen=True)
class Order:
    column: str
    descending: bool = False

    @property
    def name(self) -> str:
        """As the address has it."""
        return f"-{self.column}" if self.descending else self.column

    @property
    def turned(self) -> "Order":
        return Order(self.column, not self.descending)


def named(name: str) -> Order:
    return Order(name.removeprefix("-"), name.startswith("-"))


def read(text: str, columns: tuple[str, ...]) -> Order:
    """The order that the text names; the usual one if it names none."""
    requested = named(text)
    known = {named(name).column for name in columns}
    return requested if requested.column in known and requested.name == text else named(columns[0])


def in_sql(order: Order, by: Mapping[str, Column], tie: Column) -> list[ColumnElement[Any]]:
    """For `order_by`: what is not known comes last, and equal rows keep one order over all pages."""
    chosen = by[order.column]
    if order.descending:
        return [chosen.desc().nulls_last(), tie.desc()]
    return [chosen.asc().nulls_last(), tie.asc()]


def in_rows(order: Order, rows: Iterable[Row], by: Mapping[str, Callable[[Row], Any]]) -> list[Row]:
    """The same of rows that no query can order: by their state, or by what was counted elsewhere."""
    value = by[order.column]
    found = list(rows)
    known = [row for row in found if value(row) is not None]
    known.sort(key=value, reverse=order.descending)
    return known + [row for row in found if value(row) is None]
