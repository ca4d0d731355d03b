"""The one door for outgoing HTTP: connections, their pool, their time limits, their errors.

`Exchange` is for streams: one request on a pooled connection, its body as it arrives, ended at any
moment by `cancel()` from another thread or greenlet. `request` is for everything else, with the
`requests` library; with `public_only` it calls addresses that others named, but only on the public
internet: `addresses.py`. Neither follows a redirect, tries twice, takes a proxy or a password from the
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
