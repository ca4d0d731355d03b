"""Who takes what leaves the house: a real SMTP server and a real HTTP server, both on loopback."""

import logging
import socket
import threading
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import pytest
from aiosmtpd.controller import Controller
from aiosmtpd.smtp import AuthResult
from flask import Flask

from core.accounts.actor import Actor
from core.accounts.models import Workspace
from core.db import session
from core.outbox import emails
from core.outbox.models import Delivery
from core.settings import Settings
from core.webhooks import endpoints
from tests.people import make_person, make_workspace

ANN = Actor("Ann", "192.0.2.1", "psn_1")
LOGIN = (b"ann", b"p@ss/word")


@dataclass
class PostOffice:
    """Takes mail, or answers a command as it was told to: `refuse["RCPT"] = "550 5.1.1 nobody"`."""

    port: int = 0
    refuse: dict[str, str] = field(default_factory=dict)
    taken: list[Any] = field(default_factory=list)
    was_encrypted: list[bool] = field(default_factory=list)

    async def handle_MAIL(self, _server, _session, envelope, address, _options):
        if "MAIL" not in self.refuse:
            envelope.mail_from = address
        return self.refuse.get("MAIL", "250 OK")

    async def handle_RCPT(self, _server, _session, envelope, address, _options):
        if "RCPT" not in self.refuse:
            envelope.rcpt_tos.append(address)
        return self.refuse.get("RCPT", "250 OK")

    async def handle_DATA(self, _server, session, envelope):
        if "DATA" in self.refuse:
            return self.refuse["DATA"]
        self.taken.append(envelope)
        self.was_encrypted.append(session.ssl is not None)
        return "250 OK"


@pytest.fixture
def post_office() -> Iterator[Callable[..., PostOffice]]:
    """`post_office(tls_context=…)`: one that runs until the test ends, and logs nothing of its own."""
    logging.getLogger("mail.log").setLevel(logging.CRITICAL)
    with ExitStack() as running:

        def open_one(**options: Any) -> PostOffice:
            office = PostOffice(free_port())
            controller = Controller(office, hostname="127.0.0.1", port=office.port, **options)
            controller.start()
            running.callback(controller.stop)
            return office

        yield open_one


def takes_login(_server, _session, _envelope, _mechanism, data) -> AuthResult:
    return AuthResult(success=(data.login, data.password) == LOGIN, handled=False)


@dataclass
class Call:
    path: str
    headers: dict[str, str]
    body: bytes


class Receiver:
    """A webhook's far side: answers with the next of `answers`, the last one for ever."""

    def __init__(self) -> None:
        self.calls: list[Call] = []
        self.answers: list[tuple[int, dict[str, str]]] = [(204, {})]
        self._server = ThreadingHTTPServer(("127.0.0.1", 0), self._handler())
        self.port = self._server.server_address[1]
        self.url = f"http://127.0.0.1:{self.port}/hook"
        threading.Thread(target=self._server.serve_forever, args=(0.01,), daemon=True).start()

    def close(self) -> None:
        self._server.shutdown()
        self._server.server_close()

    def _handler(self) -> type[BaseHTTPRequestHandler]:
        receiver = self

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                length = int(self.headers["Content-Length"])
                headers = {name.lower(): text for name, text in self.headers.items()}
                receiver.calls.append(Call(self.path, headers, self.rfile.read(length)))
                answers = receiver.answers
                status, more = answers.pop(0) if len(answers) > 1 else answers[0]
                self.send_response(status)
                for name, text in more.items():
                    self.send_header(name, text)
                self.end_headers()

            def log_message(self, *_: Any) -> None:
                pass

        return Handler


@pytest.fixture
def receiver() -> Iterator[Receiver]:
    running = Receiver()
    yield running
    running.close()


@pytest.fixture
def private_webhooks(app: Flask, chosen: Settings) -> None:
    """Webhooks may lead to loopback, as with PRIVATE_WEBHOOKS=true."""
    endpoints.configure(chosen.model_copy(update={"private_webhooks": True}))


@pytest.fixture
def send_email(app: Flask, chosen: Settings) -> Callable[[str], None]:
    """`send_email("smtp://…")`: mail goes there from now on."""

    def choose(url: str) -> None:
        environ = {"smtp_url": type(chosen.smtp_url)(url)}
        emails.configure(chosen.model_copy(update=environ))

    return choose


@pytest.fixture
def workspace(app: Flask) -> Workspace:
    return make_workspace(make_person("ann"), "Acme", "pro")


def row(delivery_id: str) -> Delivery:
    """The delivery as the database has it now."""
    session().commit()
    session().expire_all()
    return session().get_one(Delivery, delivery_id)


def free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port: int = taken.getsockname()[1]
        return port
