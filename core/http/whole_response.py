"""Requests without streaming, sent with `requests`; the body is read whole, up to a limit."""

from collections.abc import Iterator, Mapping
from contextlib import closing, contextmanager
from http.client import HTTPException

import requests
from urllib3.exceptions import HTTPError

from core.http.errors import BodyTooLarge, Cut, NotSendable, Unreachable
from core.http.limits import TimeLimits, Timeouts
from core.http.request_head import origin_of
from core.http.transport import Transport


class WholeResponse:
    """A response whose head has been received."""

    def __init__(self, response: requests.Response, transport: Transport) -> None:
        self.status = response.status_code
        self.headers = {name.lower(): value for name, value in response.headers.items()}
        """By lower-case name."""
        self._raw = response.raw
        self._transport = transport

    def read(self, limit_bytes: int) -> bytes:
        """The raw body. Raises `BodyTooLarge` above the limit, `Cut` and `TimedOut`."""
        self._transport.allow(2 * limit_bytes)  # leaves room for chunk sizes
        data = bytearray()
        try:
            while part := self._raw.read(limit_bytes + 1 - len(data), decode_content=False):
                data += part
                if len(data) > limit_bytes:
                    raise BodyTooLarge
        except (HTTPError, HTTPException, OSError, ValueError):
            raise Cut from None
        return bytes(data)


@contextmanager
def request(
    method: str,
    url: str,
    headers: Mapping[str, str],
    body: bytes | None = None,
    *,
    timeouts: Timeouts,
    public_only: bool = False,
) -> Iterator[WholeResponse]:
    """Sends a request and waits for the head of its response. Raises `HttpError`.

    `public_only` refuses addresses on private networks. Use it for URLs that users entered.
    """
    limits = TimeLimits(timeouts)
    try:
        origin, host = origin_of(url)
        fields = {"host": host, "accept-encoding": "identity", **headers}
        prepared = requests.Request(method, url, headers=fields, data=body).prepare()
    except (requests.RequestException, ValueError):
        raise NotSendable from None
    with (
        closing(Transport(limits, origin, public_only)) as transport,
        closing(_send(transport, prepared)) as response,
    ):
        limits.body_began = True
        yield WholeResponse(response, transport)


def _send(transport: Transport, prepared: requests.PreparedRequest) -> requests.Response:
    """Without a session: no cookies, no redirects, nothing from the environment."""
    try:
        return transport.send(prepared, stream=True)
    except requests.ConnectionError:
        raise Unreachable from None
    except (requests.RequestException, HTTPError, HTTPException, ValueError):
        raise NotSendable from None
