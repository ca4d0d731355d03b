"""Structured logs: one JSON line each, with the request's id, and never a secret."""

import logging
import sys
from collections.abc import Callable
from typing import Any

import structlog

_WITHHELD = "[withheld: logging is not configured yet]"
_QUIET = ("rq.worker", "rq.scheduler", "urllib3", "alembic.runtime")


def _withheld(_text: str) -> str:
    return _WITHHELD


_scrub: Callable[[str], str] = _withheld


def configure(level: str, scrub: Callable[[str], str]) -> None:
    """Sends both our own events and the libraries' records through the same pipe to stdout.

    `scrub` takes the secrets out of a text. Until it is known, no text is logged at all.
    """
    global _scrub
    _scrub = scrub
    structlog.configure(
        processors=[
            structlog.stdlib.filter_by_level,  # first, so that dropped events cost nothing
            *_SHARED,
            structlog.stdlib.ProcessorFormatter.wrap_for_formatter,
        ],
        logger_factory=structlog.stdlib.LoggerFactory(),
        wrapper_class=structlog.stdlib.BoundLogger,
        cache_logger_on_first_use=True,
    )
    root = logging.getLogger()
    root.handlers = [_to_stdout()]
    root.setLevel(level.upper())
    for name in _QUIET:
        logging.getLogger(name).setLevel(logging.WARNING)


def logger(name: str) -> Any:
    return structlog.get_logger(name)


def _without_secrets(_logger: Any, _method: str, record: dict[str, Any]) -> dict[str, Any]:
    return {
        name: _scrub(value) if isinstance(value, str) else value for name, value in record.items()
    }


_SHARED: list[Any] = [
    structlog.contextvars.merge_contextvars,
    structlog.stdlib.add_log_level,
    structlog.processors.TimeStamper(fmt="iso", utc=True),
    structlog.processors.format_exc_info,
    _without_secrets,
]


def _to_stdout() -> logging.Handler:
    handler = logging.StreamHandler(sys.stdout)
    handler.setFormatter(
        structlog.stdlib.ProcessorFormatter(
            foreign_pre_chain=_SHARED,
            processors=[
                structlog.stdlib.ProcessorFormatter.remove_processors_meta,
                structlog.processors.JSONRenderer(),
            ],
        )
    )
    return handler


structlog.configure(processors=[*_SHARED, structlog.processors.JSONRenderer()])
