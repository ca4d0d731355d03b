"""Vectors of texts, from a provider that speaks OpenAI's format.

Nothing a provider does raises here; it all ends in `Embeddings` or a `Failure`. What comes back is
held to what was asked for: as many vectors, of so many numbers, every one finite, none all zero.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from core.http import Exchange, HttpError, Timeouts
from core.providers import client, failures
from core.providers.documents import Malformed, at, count_at, parse_answer
from core.providers.failures import Failure
from core.providers.wire import Endpoint

ROUTE = "embeddings"
LONGEST_NUMBER = 40
"""Bytes of a number with what stands around it. An answer with longer ones is read no further."""
ROOM_BYTES = 64 << 10


@dataclass(frozen=True, slots=True)
class Embeddings:
    """A vector for each text, in their order. Tokens as the provider counts them, if it does."""

    vectors: tuple[tuple[float, ...], ...]
    tokens_in: int | None


def embed(
    endpoint: Endpoint,
    secret: str,
    model: str,
    texts: Sequence[str],
    dimensions: int,
    timeouts: Timeouts,
) -> Embeddings | Failure:
    """Asks for the vectors of all texts at once; `model` by the provider's own name."""
    document = {"model": model, "input": list(texts), "dimensions": dimensions}
    try:
        with Exchange(timeouts) as exchange:
            failure = client.post(exchange, endpoint, secret, ROUTE, document)
            return failure or _read(exchange, endpoint, secret, len(texts), dimensions)
    except HttpError as error:
        return failures.from_http(error)
    except Malformed:
        return failures.malformed()


def _read(
    exchange: Exchange, endpoint: Endpoint, secret: str, count: int, dimensions: int
) -> Embeddings | Failure:
    most = ROOM_BYTES + count * dimensions * LONGEST_NUMBER
    document = parse_answer(exchange.read(most))
    if failure := failures.inside(endpoint.provider_slug, document, secret):
        return failure
    rows = at(document, "data")
    if not isinstance(rows, list) or len(rows) != count:
        raise Malformed
    placed = {_place(row, number): at(row, "embedding") for number, row in enumerate(rows)}
    if set(placed) != set(range(count)):
        raise Malformed
    vectors = tuple(_vector(placed[number], dimensions) for number in range(count))
    return Embeddings(vectors, count_at(document, "usage", "prompt_tokens"))


def _place(row: Any, number: int) -> int:
    """Which text a row is about: it says so itself, else by its place."""
    index = count_at(row, "index")
    return number if index is None else index


def _vector(numbers: Any, dimensions: int) -> tuple[float, ...]:
    if not isinstance(numbers, list) or len(numbers) != dimensions:
        raise Malformed
    if not all(type(number) in (int, float) for number in numbers):
        raise Malformed
    try:
        vector = tuple(map(float, numbers))
    except OverflowError:
        raise Malformed from None
    length = math.hypot(*vector)
    if not math.isfinite(length) or not length:
        raise Malformed
    return vector
