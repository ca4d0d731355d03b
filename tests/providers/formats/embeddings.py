"""OpenAI's /v1/embeddings, with vectors that mean something: words of one group lie in one direction.

A text is the sum of its words. Each word has its own direction, by its hash; those of a group share
one, and weigh more. So a question and a chunk without a common word can lie close to each other.
"""

import math
import re
import zlib
from typing import Any

from .problems import Problem

PATH = "/v1/embeddings"
USUAL_DIMENSIONS = 1536
GROUPS = (
    ("refund", "refunds", "reimburse", "reimbursement", "money", "cash"),
    ("parcel", "parcels", "package", "packages", "shipment", "consignment"),
    ("bulb", "bulbs", "light", "lights", "illumination"),
    ("warranty", "guarantee", "guaranteed", "broken", "defect"),
)
GROUP_WEIGHT = 4.0
_STOP_WORDS = """
    a an and are as at be can do does for from get how i if in is it its me my of on or the to was we what
    when which who will with you your
"""
_BAD = "invalid_request_error"


def vector_of(text: str, dimensions: int) -> list[float]:
    """Of unit length, like OpenAI's."""
    sums = [0.0] * dimensions
    for word in re.findall(r"\w+", text.lower()) or [text]:
        if word not in _STOP_WORDS.split():
            name, weight = _group_weight(word)
            sums[zlib.crc32(name.encode()) % dimensions] += weight
    length = math.hypot(*sums)
    return [number / length for number in sums] if length else [1.0, *sums[1:]]


def document_of(body: dict[str, Any]) -> dict[str, Any]:
    """The list of embeddings, with usage in words."""
    dimensions = body.get("dimensions") or USUAL_DIMENSIONS
    rows = [
        {"object": "embedding", "index": number, "embedding": vector_of(text, dimensions)}
        for number, text in enumerate(_texts(body))
    ]
    tokens = sum(len(text.split()) for text in _texts(body))
    usage = {"prompt_tokens": tokens, "total_tokens": tokens}
    return {"object": "list", "data": rows, "model": body["model"], "usage": usage}


def objection_to(body: dict[str, Any]) -> Problem | None:
    """The first thing that is wrong with the body of a request for embeddings."""
    if not isinstance(body.get("model"), str) or not body["model"]:
        return Problem(400, _BAD, "you must provide a model parameter")
    texts = _texts(body)
    if not texts or len(texts) > 2048 or not all(isinstance(each, str) and each for each in texts):
        return Problem(400, _BAD, "'$.input' is invalid. Please check the API reference.")
    return None


def _texts(body: dict[str, Any]) -> list[Any]:
    texts = body.get("input")
    return texts if isinstance(texts, list) else [texts]


def _group_weight(word: str) -> tuple[str, float]:
    for group in GROUPS:
        if word in group:
            return group[0], GROUP_WEIGHT
    return word, 1.0
