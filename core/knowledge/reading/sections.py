"""What every reader yields, what it tells while it works, and how it refuses.

A reader is a function from content to sections, lazily, page by page. It calls `Progress.step`
between two pages, which is where it can be ended.
"""

from dataclasses import dataclass

from core import clock
from core.errors import MevichatError

LONGEST_SECONDS = 300
TOO_LATE = "Reading this took longer than five minutes. Split it into smaller parts."


@dataclass(frozen=True, slots=True)
class Section:
    """What stands under one heading."""

    path: tuple[str, ...]
    """The headings above it and its own, outermost first; empty before the first one."""
    blocks: tuple[str, ...]
    """Its paragraphs, lists, tables and code, each whole, without any markup of HTML."""
    url: str = ""
    whole: bool = False
    """Whether it is one chunk, however long, with nothing above its heading."""


class Refused(MevichatError):
    """This content cannot become knowledge; the sentence says why, and what to do."""

    code = "source_refused"


class Superseded(Exception):  # noqa: N818  (nothing went wrong)
    """Another indexing of this source has begun, or the source is gone: nobody needs this one."""


class Progress:
    """How far a reading is. Whoever shows it looks at `done` and `total` now and then."""

    def __init__(self, seconds: float = LONGEST_SECONDS) -> None:
        self._ends_at = clock.monotonic() + seconds
        self.done = 0
        self.total = 0
        self.superseded = False
        self.left_out = ""
        """What could not be read of a source that otherwise could, as a sentence."""

    def step(self, done: int, total: int) -> None:
        """So many of so many are read. Raises `Refused` after five minutes, and `Superseded`."""
        self.done, self.total = done, total
        if self.superseded:
            raise Superseded
        if self.is_late:
            raise Refused(TOO_LATE)

    @property
    def is_late(self) -> bool:
        return clock.monotonic() > self._ends_at
