"""Embedding vectors of chunks and questions for semantic search: stored as bytes, compared within one bot.

Little-endian float32 of unit length, so that the dot product is the cosine. No index: 5,000 vectors
are read and scored in 15 ms (decision 0008), a block at a time, so that a search holds 1 MB of them.
"""

import math
import struct
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

from core.knowledge import queries
from core.knowledge.queries import Rows

BLOCK_ROWS = 500

_NEAR = """
    SELECT id, embedding FROM chunks
    WHERE bot_id = :bot AND position >= 0 AND embedded_by = :made_by
"""


@dataclass(frozen=True)
class Vector:
    """`made_by` names model and dimensions; from the cosine `close_from` on, a text is to the point."""

    made_by: str
    data: bytes
    close_from: float = 1.0


def packed(numbers: Sequence[float]) -> bytes:
    """The bytes of a vector that is brought to unit length; not all of its numbers may be zero."""
    length = math.hypot(*numbers)
    return struct.pack(f"<{len(numbers)}f", *(number / length for number in numbers))


def nearest(bot_id: str, vector: Vector, size: int) -> dict[int, float]:
    """The bot's chunks that are most similar to the vector, nearest first: id and cosine similarity."""
    best = _Best(vector.data, size)
    queries.in_blocks(_NEAR, best.take, BLOCK_ROWS, bot=bot_id, made_by=vector.made_by)
    return dict(best.kept)


@dataclass
class _Best:
    """The nearest of what was taken so far. NumPy is loaded by the first search that needs it."""

    data: bytes
    size: int
    kept: list[tuple[int, float]] = field(default_factory=list)

    def __post_init__(self) -> None:
        import numpy

        self._numpy: Any = numpy
        self._wanted = numpy.frombuffer(self.data, dtype="<f4")

    def take(self, rows: Rows) -> None:
        """A vector of another length than the wanted one is no vector of its model: left out."""
        fitting = [row for row in rows if row[1] and len(row[1]) == len(self.data)]
        if not fitting:
            return
        whole = self._numpy.frombuffer(b"".join(row[1] for row in fitting), dtype="<f4")
        cosines = whole.reshape(len(fitting), -1) @ self._wanted
        front = self._numpy.argsort(-cosines, kind="stable")[: self.size]
        self.kept += [(fitting[place][0], float(cosines[place])) for place in front]
        self.kept = sorted(self.kept, key=lambda one: (-one[1], one[0]))[: self.size]
