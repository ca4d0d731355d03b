"""What is asked of the database meanwhile."""

from typing import Any, Self

from sqlalchemy import event
from sqlalchemy.engine import Engine


class Queries:
    """The statements that were sent inside its `with`, but for those that begin and end."""

    def __enter__(self) -> Self:
        self.sent: list[str] = []
        event.listen(Engine, "before_cursor_execute", self._one)
        return self

    def __exit__(self, *_: object) -> None:
        event.remove(Engine, "before_cursor_execute", self._one)

    def _one(self, _connection: Any, _cursor: Any, statement: str, *_: object) -> None:
        if statement.split()[0] not in ("BEGIN", "PRAGMA"):
            self.sent.append(" ".join(statement.split()))
