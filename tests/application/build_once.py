"""What follows from the code alone is made once a process, not once for the application of each test.

Nothing here holds data, settings or a connection: a rule's builder is written from the rule's own text, and
what a statement compiles to depends on the statement and the dialect. Both are most of a small test's time.
"""

from collections.abc import Callable
from typing import Any, ClassVar

from flask import Flask
from sqlalchemy.engine import Engine
from werkzeug.routing import Rule

_first: dict[str, Engine] = {}
"""The first engine of each dialect."""


class RuleBuiltOnce(Rule):
    """werkzeug writes and compiles two Python functions a rule; ours are the same in every application."""

    _builders: ClassVar[dict[Any, Callable[..., tuple[str, str]]]] = {}

    def _compile_builder(self, append_unknown: bool = True) -> Callable[..., tuple[str, str]]:
        wanted = (self.rule, tuple(self._trace), str(self.defaults), append_unknown)
        if wanted not in self._builders:
            self._builders[wanted] = super()._compile_builder(append_unknown)
        return self._builders[wanted]


def build_rules_once() -> None:
    Flask.url_rule_class = RuleBuiltOnce


def compile_statements_once(engine: Engine) -> None:
    """The engine, before its first connection, takes the dialect of the first and what that has compiled."""
    first = _first.get(engine.dialect.name)
    if first is None:
        engine.connect().close()  # what a dialect knows of its database it learns here
        first = _first[engine.dialect.name] = engine
    engine.dialect = engine.pool._dialect = first.dialect
    engine._compiled_cache = first._compiled_cache
