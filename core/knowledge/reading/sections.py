"""What all readers share: sections, progress and failures.

A reader is a generator of sections, page by page. It calls `Progress.step` between pages, where
reading can be aborted.
"""

from dataclasses import dataclass

from core import clock
from core.errors import MevichatError

LONGEST_SECONDS = 300
TOO_LATE = "Reading this took longer than five minutes. Split it into smaller parts."


@dataclass(frozen=True, slots=True)
class Section:
    """The content under one heading."""

    path: tuple[str, ...]
    """The headings above it and its own, outermost first; empty before the first one."""
    blocks: tuple[str, ...]
    """Paragraphs, lists, tables and code blocks, without HTML."""
    url: str = ""
    whole: bool = False
    """Whether it is a single chunk of any length, without the headings above it."""


class Refused(MevichatError):
    """This content can't be used; the message says why, and what to do."""

    code = "source_refused"


class Superseded(Exception):  # noqa: N818  (nothing went wrong)
    """Another indexing of this source has started, or the source was deleted: stop this one."""


class Progress:
    """The progress of a reader: `done` of `total`."""

    def __init__(self, seconds: float = LONGEST_SECONDS) -> None:
        self._ends_at = clock.monotonic() + seconds
        self.done = 0
        self.total = 0
        self.superseded = False
        self.left_out = ""
        """A sentence about skipped parts of an otherwise readable source."""

    def step(self, done: int, total: int) -> None:
        """Records the progress. Raises `Refused` after five minutes, and `Superseded`."""
        self.done, self.total = done, total
        if self.superseded:
            raise Superseded
        if self.is_late:
            raise Refused(TOO_LATE)

    @property
    def is_late(self) -> bool:
        return clock.monotonic() > self._ends_at
