"""Reads an answer in one piece, in any format: an error in it first, then the answer, then how it ended."""

from core.providers import failures
from core.providers.documents import Malformed, parse_answer
from core.providers.failures import Failure
from core.providers.formats.endings import failure_of
from core.providers.formats.response import ChatResponse, Format


def read_whole(format: Format, body: bytes, provider: str, secret: str) -> ChatResponse | Failure:
    """The answer in a body that came under a 2xx, or the failure that it is."""
    try:
        document = parse_answer(body)
        failure = failures.inside(provider, document, secret)
        return failure or format.read_answer(document)
    except Malformed as error:
        return failure_of(error, provider, secret)
