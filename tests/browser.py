"""A browser without a browser: it signs people in, and checks every page that it loads."""

import contextvars
import re
from typing import Any

import html5lib
from flask import Flask
from flask.sessions import SecureCookieSessionInterface
from flask.testing import FlaskClient
from werkzeug.test import TestResponse

from core.accounts.models import Person
from tests import marker
from tests.people import PASSWORD

_PARSER_COMPLAINTS_ALLOWED = frozenset[str]()


class IsolatedClient(FlaskClient):
    """A client whose requests share nothing with the test's own application context."""

    def open(self, *args: Any, **options: Any) -> TestResponse:
        return contextvars.Context().run(super().open, *args, **options)


class Browser:
    """Somebody with a browser; `person` is who they signed in as."""

    def __init__(self, app: Flask) -> None:
        self.client: FlaskClient = app.test_client()
        self._token = self._token_session = ""

    def sign_in(self, person: Person) -> "Browser":
        answer = self.post("/sign-in", {"email": person.email, "password": PASSWORD})
        assert answer.status_code == 303, answer.text
        return self

    def get(self, url: str, htmx: bool = False, **options: Any) -> TestResponse:
        return self._checked(self.client.get(url, headers=_headers(htmx), **options))

    def post(
        self, url: str, form: dict[str, Any] | None = None, htmx: bool = False, **options: Any
    ) -> TestResponse:
        """Posts a form with a CSRF token of this session, as a page would."""
        data = {"csrf_token": self.csrf_token(), **(form or {})}
        return self._checked(self.client.post(url, data=data, headers=_headers(htmx), **options))

    def csrf_token(self) -> str:
        """This session's, as its last page had it; fetched where no page was loaded in this session."""
        if not self._token or self._token_session != self._session():
            self._keep_token(self.client.get("/sign-in").text)
        return self._token

    def _keep_token(self, page: str) -> None:
        if found := re.search(r'name="csrf-token" content="([^"]+)"', page):
            self._token, self._token_session = found[1], self._session()

    def _session(self) -> str:
        """What the cookie says that CSRF tokens are good for; "" before there is one."""
        app, cookie = self.client.application, self.client.get_cookie("mevichat")
        if cookie is None:
            return ""
        serializer = SecureCookieSessionInterface().get_signing_serializer(app)
        assert serializer is not None
        return str(serializer.loads(cookie.decoded_value).get("csrf_token", ""))

    def _checked(self, answer: TestResponse) -> TestResponse:
        assert not marker.in_bytes(answer.data), f"the marker key is in {answer.request.path}"
        assert not any(marker.MARKER in value for _, value in answer.headers)
        if answer.mimetype == "text/html" and answer.data:
            self._keep_token(answer.text)
            check_html(answer.text, whole="<!doctype" in answer.text[:300].lower())
        return answer


def check_html(text: str, whole: bool) -> None:
    """Valid HTML without inline script or style; a whole page has one h1 that its title begins with."""
    parser = html5lib.HTMLParser(namespaceHTMLElements=False)
    within = "tbody" if text.lstrip().startswith("<tr") else "div"
    tree = parser.parse(text) if whole else parser.parseFragment(text, container=within)
    complaints = [code for _, code, _ in parser.errors if code not in _PARSER_COMPLAINTS_ALLOWED]
    assert not complaints, complaints
    ids = [node.get("id") for node in tree.iter() if isinstance(node.tag, str) and node.get("id")]
    assert len(ids) == len(set(ids)), f"ids twice: {sorted(i for i in ids if ids.count(i) > 1)}"
    for node in tree.iter():
        if isinstance(node.tag, str):
            _check_node(node)
    if whole:
        _check_head(tree)


def _check_node(node: Any) -> None:
    assert node.get("style") is None, "inline style"
    assert not any(name.startswith(("on", "hx-on")) for name in node.attrib), node.attrib
    assert node.tag != "style", "inline style"
    assert node.tag != "script" or node.get("src"), "inline script"
    if node.tag == "form":
        assert node.get("action") is not None, "a form without an action"
    if node.tag == "input" and node.get("type") == "password":
        assert not node.get("value"), "a password field with a value"


def _check_head(tree: Any) -> None:
    headings = ["".join(node.itertext()).strip() for node in tree.iter("h1")]
    assert len(headings) == 1, headings
    title = "".join(next(tree.iter("title")).itertext()).strip()
    assert " ".join(title.split()).startswith(" ".join(headings[0].split())), (title, headings)


def _headers(htmx: bool) -> dict[str, str]:
    return {"HX-Request": "true"} if htmx else {}
