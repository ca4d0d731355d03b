"""All outgoing HTTP: connections, the connection pool, timeouts, errors.

`Exchange` is for streams: one request on a pooled connection, whose body is read as it arrives and which
another thread or greenlet can `cancel()` at any moment. `request` is for everything else and uses the
`requests` library; with `public_only` it refuses private addresses (`addresses.py`), for URLs that users
entered. Neither follows redirects, retries, reads proxies or passwords from the environment, or puts a
URL, a header or a body into an error.
"""

from core.http.addresses import checked_url
from core.http.errors import (
    BodyTooLarge,
    Cancelled,
    Cut,
    HttpError,
    NotPublic,
    NotSendable,
    TimedOut,
    Unreachable,
)
from core.http.exchange import Exchange
from core.http.limits import Timeouts
from core.http.private import NO_PRIVATE_HOSTS, PrivateHosts
from core.http.whole_response import WholeResponse, request

__all__ = [
    "NO_PRIVATE_HOSTS",
    "BodyTooLarge",
    "Cancelled",
    "Cut",
    "Exchange",
    "HttpError",
    "NotPublic",
    "NotSendable",
    "PrivateHosts",
    "TimedOut",
    "Timeouts",
    "Unreachable",
    "WholeResponse",
    "checked_url",
    "request",
]
