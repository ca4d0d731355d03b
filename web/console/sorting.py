"""How a table's heads sort it: which order the address asks for, and where each head leads."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from flask import request, url_for

from core import ordering
from core.ordering import Order


@dataclass(frozen=True)
class Sorting:
    """What `components/sort_head.html` draws from. `target` is the id of the piece that is swapped."""

    order: Order
    columns: tuple[str, ...]
    endpoint: str
    place: Mapping[str, Any]
    """What stands in the address: the workspace's slug, a bot's id."""
    query: Mapping[str, Any]
    """The filter, which an order keeps."""
    target: str

    @property
    def sort_query(self) -> dict[str, Any]:
        """For other links of the list: nothing where the order is the usual one."""
        return {} if self.order.name == self.columns[0] else {"sort": self.order.name}

    def url(self, column: str) -> str:
        """The same list in the order of that column; turned round if it is in that order."""
        first = next(name for name in self.columns if name.removeprefix("-") == column)
        is_this = column == self.order.column
        name = self.order.turned.name if is_this else first
        sort: dict[str, Any] = {} if name == self.columns[0] else {"sort": name}
        return url_for(self.endpoint, **self.place, **self.query, **sort)

    def page_url(self, page: int) -> str:
        """Another page of the same list, in the same order."""
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
