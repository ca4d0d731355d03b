"""A web site on loopback that says what a test gives it, and a listener where nobody may call."""

import socket
import threading
from collections.abc import Callable
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, Self


@dataclass(frozen=True)
class Says:
    """One answer of the site."""

    body: bytes = b""
    kind: str = "text/html"
    status: int = 200
    headers: dict[str, str] = field(default_factory=dict)

    @classmethod
    def page(cls, title: str, text: str) -> Self:
        return cls(f"<!doctype html><title>{title}</title><h1>{title}</h1><p>{text}</p>".encode())

    @classmethod
    def move(cls, to: str, status: int = 302) -> Self:
        return cls(status=status, headers={"Location": to})


class Site:
    """`site.pages["/a"] = Says.page("A", "…")`; `site.requests` is what was asked for, in order."""

    def __init__(self) -> None:
        self.pages: dict[str, Says | Callable[[], Says]] = {}
        self.requests: list[str] = []
        site = self

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self) -> None:  # noqa: N802  (http.server names it)
                site.requests.append(self.path)
                found = site.pages.get(self.path, Says(b"Nothing here.", status=404))
                said = found if isinstance(found, Says) else found()
                self.send_response(said.status)
                self.send_header("Content-Type", said.kind)
                self.send_header("Content-Length", str(len(said.body)))
                for name, value in said.headers.items():
                    self.send_header(name, value)
                self.end_headers()
                self.wfile.write(said.body)

            def log_message(self, *_: Any) -> None:
                """Nothing: the test says what was asked."""

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self._server.daemon_threads = True
        self.host = f"127.0.0.1:{self._server.server_address[1]}"
        self.url = f"http://{self.host}"

    def sitemap(self, path: str, *places: str, index: bool = False) -> str:
        """Puts a sitemap there that names these: of this site's own where they begin with a slash."""
        self.pages[path] = Says(self.sitemap_xml(*places, index=index), "application/xml")
        return self.url + path

    def sitemap_xml(self, *places: str, index: bool = False) -> bytes:
        whole, one = ("sitemapindex", "sitemap") if index else ("urlset", "url")
        urls = (self.url + place if place.startswith("/") else place for place in places)
        named = "".join(f"<{one}><loc>{url}</loc></{one}>" for url in urls)
        schema = "http://www.sitemaps.org/schemas/sitemap/0.9"
        return f'<?xml version="1.0"?><{whole} xmlns="{schema}">{named}</{whole}>'.encode()

    def __enter__(self) -> Self:
        threading.Thread(target=self._server.serve_forever, daemon=True).start()
        return self

    def __exit__(self, *_: object) -> None:
        self._server.shutdown()
        self._server.server_close()


class Canary:
    """Listens at every address of this machine, and counts who comes."""

    def __init__(self) -> None:
        self.visits = 0
        dual = socket.has_dualstack_ipv6()
        family, host = (socket.AF_INET6, "::") if dual else (socket.AF_INET, "")
        self._socket = socket.create_server((host, 0), family=family, dualstack_ipv6=dual)
        self.port = self._socket.getsockname()[1]

    def __enter__(self) -> Self:
        threading.Thread(target=self._count, daemon=True).start()
        return self

    def __exit__(self, *_: object) -> None:
        self._socket.close()

    def _count(self) -> None:
        while True:
            try:
                connection, _ = self._socket.accept()
            except OSError:
                return
            self.visits += 1
            connection.close()
