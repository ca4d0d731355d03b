"""Sorting of lists by a column in the URL, from an allow-list; `-` means descending.

Each list has a tuple of such names, each in its usual direction: `("name", "-messages")`. The first
is the default, also for unknown names.
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
        """As in the URL."""
        return f"-{self.column}" if self.descending else self.column

    @property
    def turned(self) -> "Order":
        return Order(self.column, not self.descending)


def named(name: str) -> Order:
    return Order(name.removeprefix("-"), name.startswith("-"))


def read(text: str, columns: tuple[str, ...]) -> Order:
    """The order with that name, or the default."""
    requested = named(text)
    known = {named(name).column for name in columns}
    return requested if requested.column in known and requested.name == text else named(columns[0])


def in_sql(order: Order, by: Mapping[str, Column], tie: Column) -> list[ColumnElement[Any]]:
    """For `order_by`: unknown values last, and a stable order of equal rows across pages."""
    chosen = by[order.column]
    if order.descending:
        return [chosen.desc().nulls_last(), tie.desc()]
    return [chosen.asc().nulls_last(), tie.asc()]


def in_rows(order: Order, rows: Iterable[Row], by: Mapping[str, Callable[[Row], Any]]) -> list[Row]:
    """The same for rows sorted in Python: by their state, or by counts from elsewhere."""
    value = by[order.column]
    found = list(rows)
    known = [row for row in found if value(row) is not None]
    known.sort(key=value, reverse=order.descending)
    return known + [row for row in found if value(row) is None]
