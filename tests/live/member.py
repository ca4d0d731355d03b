"""Somebody who is signed in to the console, over real HTTP and without a script."""

import re
from typing import Any

import requests

from tests import marker
from tests.live.children import until
from tests.live.product import LiveProduct
from tests.people import PASSWORD

CHECK_SECONDS = 30
_PENDING = ("waiting", "asking")


class Member:
    def __init__(self, product: LiveProduct, email: str) -> None:
        self._url = product.url
        self._session = requests.Session()
        self._session.trust_env = False
        self._session.headers["Connection"] = "close"
        self.post("/sign-in", {"email": email, "password": PASSWORD})

    @property
    def cookie(self) -> str:
        """What a browser of this person sends along."""
        return "; ".join(f"{name}={value}" for name, value in self._session.cookies.items())

    def get(self, path: str) -> str:
        return self._page(self._session.get(self._url + path, timeout=CHECK_SECONDS)).text

    def post(self, path: str, form: dict[str, Any] | None = None) -> requests.Response:
        """Posts a form with this session's CSRF token, and follows to the page it leads to."""
        data = {"csrf_token": self._csrf_token(), **(form or {})}
        return self._page(self._session.post(self._url + path, data=data, timeout=CHECK_SECONDS))

    def outcome(
        self, started: requests.Response, seconds: float = CHECK_SECONDS
    ) -> tuple[str, str]:
        """The state and the page of the check that a form started, once it is over."""
        path = started.url.removeprefix(self._url)
        return until(lambda: self._ending(path), seconds, "the end of the check")

    def _ending(self, path: str) -> tuple[str, str] | None:
        """None while it runs, and while Redis is away: that page looks again by itself."""
        answer = self._session.get(self._url + path, timeout=CHECK_SECONDS)
        if answer.status_code == 503:
            assert answer.headers["Refresh"] == "5"
            return None
        return _over(self._page(answer).text)

    def _csrf_token(self) -> str:
        found = re.search(r'name="csrf-token" content="([^"]+)"', self.get("/sign-in"))
        assert found
        return found[1]

    def _page(self, answer: requests.Response) -> requests.Response:
        assert not marker.in_bytes(answer.content), answer.url
        assert answer.status_code < 500, answer.text
        return answer


def _over(page: str) -> tuple[str, str] | None:
    found = re.search(r'class="check"[^>]*data-state="(\w+)"', page)
    assert found, page
    return None if found[1] in _PENDING else (found[1], page)
