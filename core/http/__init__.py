"""The one door for outgoing HTTP: connections, their pool, their time limits, their errors.

`Exchange` is for the hot path: one request on a pooled connection, its body as it arrives, ended at
any moment by `cancel()` from another thread or greenlet. With `public_only` it goes where others
say (webhooks), but only into the public internet: `addresses.py`. `session()` is `requests`, for everything
off the hot path. Neither follows a redirect, tries twice, takes a proxy or a password from the
environment, or lets a URL, a header or a body into an error.
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
from core.http.exchange import Exchange, Timeouts
from core.http.private import NO_PRIVATE_HOSTS, PrivateHosts
from core.http.session import session

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
    "checked_url",
    "session",
]
