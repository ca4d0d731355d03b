"""Why a request got no complete response. No message contains a URL, a header or a body."""

from typing import Self

from core.errors import MevichatError


class HttpError(MevichatError):
    """The base of HTTP errors."""

    code = "http_failed"


class NotSendable(HttpError):
    code = "http_not_sendable"
    sentence = "The request has an invalid address or header."


class NotPublic(HttpError):
    """A user-entered address that isn't on the public internet."""

    code = "http_not_public"
    sentence = "This address is on a private network, which Mevichat isn’t allowed to reach."


class Unreachable(HttpError):
    """No connection, or one that was closed before any response."""

    code = "http_unreachable"
    sentence = "The connection was closed without a response."

    @classmethod
    def for_os_error(cls, error: OSError) -> Self:
        """No connection, with the system's reason."""
        return cls(f"Couldn’t connect: {error.strerror or 'the host gave no reason'}.")


class TimedOut(HttpError):
    code = "http_timed_out"
    sentence = "The response took too long."


class Cut(HttpError):
    code = "http_cut"
    sentence = "The connection was interrupted in the middle of the response."


class BodyTooLarge(HttpError):
    code = "http_body_too_large"
    sentence = "The response was too large."


class Cancelled(HttpError):
    """Canceled by `Exchange.cancel`."""

    code = "http_cancelled"
    sentence = "The request was canceled."
