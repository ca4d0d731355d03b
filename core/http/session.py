"""`requests` under the rules of this package."""

from typing import Any

import requests
from requests.adapters import HTTPAdapter

from core.http.errors import NotSendable, TimedOut, Unreachable


def session(connect_seconds: float = 5, read_seconds: float = 30) -> requests.Session:
    """A session for work off the hot path. Its `request`, `get`, `post` raise only `HttpError`."""
    return _Session((connect_seconds, read_seconds))


class _Session(requests.Session):
    def __init__(self, timeout: tuple[float, float]) -> None:
        super().__init__()
        self.trust_env = False  # Else a ~/.netrc would replace our Authorization header.
        for prefix in ("http://", "https://"):
            self.mount(prefix, _TimeoutAdapter(timeout))

    def request(self, *args: Any, **kwargs: Any) -> requests.Response:
        try:
            return super().request(*args, **kwargs)
        except requests.Timeout:
            raise TimedOut from None
        except (requests.ConnectionError, requests.exceptions.ChunkedEncodingError):
            raise Unreachable from None
        except (requests.RequestException, ValueError):
            raise NotSendable from None

    def get_redirect_target(self, resp: requests.Response) -> None:
        """None: the redirect is the answer."""


class _TimeoutAdapter(HTTPAdapter):
    """Gives every request the session's limits unless it brings its own."""

    def __init__(self, timeout: tuple[float, float]) -> None:
        super().__init__()
        self._timeout = timeout

    def send(
        self, request: requests.PreparedRequest, *args: Any, **kwargs: Any
    ) -> requests.Response:
        kwargs["timeout"] = kwargs.get("timeout") or self._timeout
        return super().send(request, *args, **kwargs)
