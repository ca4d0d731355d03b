"""Why a request got no whole answer. No message holds a URL, a header or a body."""

from typing import Self

from core.errors import MevichatError


class HttpError(MevichatError):
    """The root of these."""

    code = "http_failed"


class NotSendable(HttpError):
    code = "http_not_sendable"
    sentence = "The request has an address or a header that cannot be sent."


class NotPublic(HttpError):
    """Somebody else named the address, and it is not in the public internet."""

    code = "http_not_public"
    sentence = "This address leads into a private network, where nothing may be called from here."


class Unreachable(HttpError):
    """No connection, or one that ended before any answer."""

    code = "http_unreachable"
    sentence = "The connection was closed without an answer."

    @classmethod
    def for_os_error(cls, error: OSError) -> Self:
        """No connection, and the system's reason."""
        return cls(f"No connection: {error.strerror or 'the host gave no reason'}.")


class TimedOut(HttpError):
    code = "http_timed_out"
    sentence = "The answer took too long."


class Cut(HttpError):
    code = "http_cut"
    sentence = "The connection broke off in the middle of the answer."


class BodyTooLarge(HttpError):
    code = "http_body_too_large"
    sentence = "The answer was larger than anything expected."


class Cancelled(HttpError):
    """By our own `Exchange.cancel`."""

    code = "http_cancelled"
    sentence = "The request was cancelled."
