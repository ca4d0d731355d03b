"""Sorting of tables: the order in the URL, and the links of the column headers."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from flask import request, url_for

from core import ordering
from core.ordering import Order


@dataclass(frozen=True)
class Sorting:
    """The data of `components/sort_head.html`. `target` is the id of the element to swap."""

    order: Order
    columns: tuple[str, ...]
    endpoint: str
    place: Mapping[str, Any]
    """The arguments of the URL's path: the workspace's slug, a bot's id."""
    query: Mapping[str, Any]
    """The filter, which sorting keeps."""
    target: str

    @property
    def sort_query(self) -> dict[str, Any]:
        """The query of this order for other links of the list; empty for the default order."""
        return {} if self.order.name == self.columns[0] else {"sort": self.order.name}

    def url(self, column: str) -> str:
        """The list sorted by that column; reversed if it already is."""
        first = next(name for name in self.columns if name.removeprefix("-") == column)
        is_this = column == self.order.column
        name = self.order.turned.name if is_this else first
        sort: dict[str, Any] = {} if name == self.columns[0] else {"sort": name}
        return url_for(self.endpoint, **self.place, **self.query, **sort)

    def page_url(self, page: int) -> str:
        """Another page of the list, in the same order."""
        number: dict[str, Any] = {"page": str(page)} if page > 1 else {}
        return url_for(self.endpoint, **self.place, **self.query, **self.sort_query, **number)

    def aria(self, column: str) -> str:
        if column != self.order.column:
            return ""
        return "descending" if self.order.descending else "ascending"


def from_request(
    columns: tuple[str, ...],
    endpoint: str,
    place: Mapping[str, Any],
    target: str,
    query: Mapping[str, Any] | None = None,
) -> Sorting:
    """From `?sort=` of this request."""
    order = ordering.read(request.args.get("sort", ""), columns)
    return Sorting(order, columns, endpoint, place, query or {}, target)
