"""How much memory one reading may take. Past that it ends with a sentence, and the machine lives on.

A file of half a megabyte can unpack to a tree of gigabytes. The system itself keeps the limit, since
that is built inside libraries, which say so in their own ways.
"""

import errno
import resource
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from lxml import etree

from core.knowledge.reading.sections import Refused
from core.settings import Settings

_STATUS = Path("/proc/self/status")
"""Linux's. Elsewhere no limit is kept."""
_NEARLY = 0.75
"""Of the limit: a library that asks for so much at once that it is refused may have had no more."""

_megabytes = 1_024


def configure(settings: Settings) -> None:
    """Called once by `create_app`."""
    global _megabytes
    _megabytes = settings.knowledge_memory_mb


@contextmanager
def bounded() -> Iterator[None]:
    """Within it this process gets only so much beside what it has. Raises `Refused` past that."""
    if not _STATUS.exists():
        yield
        return
    kept = soft, hard = resource.getrlimit(resource.RLIMIT_AS)
    had, peak, room = _bytes("VmSize"), _bytes("VmPeak"), _megabytes << 20
    most = min(limit for limit in (had + room, soft, hard) if limit != resource.RLIM_INFINITY)
    resource.setrlimit(resource.RLIMIT_AS, (most, hard))
    try:
        yield
    except Exception as error:
        resource.setrlimit(resource.RLIMIT_AS, kept)
        was_near = _bytes("VmPeak") > max(peak, had + room * _NEARLY)
        if not _is_want_of_memory(error, was_near):
            raise
        raise Refused(
            f"Reading this needs more memory than the limit of {_megabytes:,} MB. Split it into smaller parts."
        ) from None
    finally:
        resource.setrlimit(resource.RLIMIT_AS, kept)


def _is_want_of_memory(error: BaseException | None, was_near: bool) -> bool:
    """Whether it, or what it came from, is: lxml says “unknown error”, which may be another."""
    while error is not None:
        if isinstance(error, MemoryError) or getattr(error, "errno", 0) == errno.ENOMEM:
            return True
        if was_near and isinstance(error, etree.LxmlError):
            return True
        error = error.__context__
    return False


def _bytes(name: str) -> int:
    """A line of the process's status, such as `VmPeak:   140000 kB`."""
    line = next(line for line in _STATUS.read_text().splitlines() if line.startswith(f"{name}:"))
    return int(line.split()[1]) << 10
