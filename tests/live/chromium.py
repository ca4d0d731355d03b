"""Chromium under watch: what it asks for, what it complains about, and every body it was given."""

import shutil
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from typing import Any
from urllib.parse import urlsplit

from playwright.sync_api import (
    Browser,
    BrowserContext,
    BrowserType,
    ConsoleMessage,
    Error,
    Page,
    Request,
    WebError,
    sync_playwright,
)

from tests import marker

PATIENCE_MILLISECONDS = 30_000
_QUIET = (
    "--no-sandbox",
    "--disable-gpu",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
)
_WITHOUT_HOST = ("data", "blob", "about")


@contextmanager
def chromium() -> Iterator[Browser]:
    """The machine's own Chromium, headless."""
    with sync_playwright() as playwright, launched(playwright.chromium) as browser:
        yield browser


@contextmanager
def launched(kind: BrowserType, *switches: str) -> Iterator[Browser]:
    """One more of them beside others: `launched(browser.browser_type, "--some-switch")`."""
    program = shutil.which("chromium")
    assert program, "Chromium is not installed; bin/test installs it"
    browser = kind.launch(executable_path=program, args=[*_QUIET, *switches])
    yield browser
    browser.close()


class Windows:
    """The windows of one test. `complaints` is what no page may cause."""

    def __init__(self, browser: Browser, hosts: tuple[str, ...] = ("127.0.0.1",)) -> None:
        self.complaints: list[str] = []
        self.bodies_read = 0
        self._browser = browser
        self._hosts = hosts
        self._contexts: list[BrowserContext] = []

    def open(self, url: str, **options: Any) -> Page:
        """A page at that address, in a profile of its own (`options` as for `new_context`)."""
        options = {"viewport": {"width": 1200, "height": 900}} | options
        context = self._browser.new_context(**options)
        context.set_default_timeout(PATIENCE_MILLISECONDS)
        context.on("console", self._hear)
        context.on("weberror", self._note_error)
        context.on("request", self._look_at_host)
        context.on("requestfinished", self._look_at_body)
        self._contexts.append(context)
        page = context.new_page()
        page.goto(url)
        return page

    def expect_status(self, status: int) -> None:
        """The browser itself complains about an answer with that status: one was meant."""
        (meant,) = [text for text in self.complaints if f"a status of {status}" in text]
        self.complaints.remove(meant)

    def close(self) -> None:
        for context in self._contexts:
            context.close()

    def _hear(self, message: ConsoleMessage) -> None:
        if message.type == "error":  # a violated content policy is one, too
            self.complaints.append(f"console: {message.text} ({message.location.get('url')})")

    def _note_error(self, error: WebError) -> None:
        self.complaints.append(f"script: {error.error}")

    def _look_at_host(self, request: Request) -> None:
        parts = urlsplit(request.url)
        if parts.scheme not in _WITHOUT_HOST and parts.hostname not in self._hosts:
            self.complaints.append(f"asked for {request.url}")

    def _look_at_body(self, request: Request) -> None:
        response = request.response()
        if response is None:
            return
        found = "".join(response.headers.values()).encode()
        with suppress(Error):  # a redirect has no body, and a page that was left keeps none
            found += response.body()
            self.bodies_read += 1
        if marker.in_bytes(found):
            self.complaints.append(f"a key is in the answer of {request.url}")
