"""One open connection into each web process: what one of them knows can be told from the others."""

import json
from collections.abc import Iterator
from contextlib import contextmanager
from http.client import HTTPConnection
from typing import Any

from tests.live.children import until
from tests.live.product import LiveProduct

SECONDS = 30


class Line:
    """A kept-alive connection: all that is asked on it is answered by the same process."""

    def __init__(self, port: int, pid: int, connection: HTTPConnection) -> None:
        self.pid = pid
        self._connection = connection
        self._port = port

    def get(self, path: str, cookie: str) -> int:
        """The status of a page for whoever holds that cookie."""
        return self._ask("GET", path, None, {"Cookie": cookie})[0]

    def ask_bot(self, bot_id: str, token: str, text: str) -> tuple[int, dict[str, Any]]:
        headers = {
            "Authorization": f"Bearer {token}",
            "Accept": "application/json",
            "Content-Type": "application/json",
        }
        status, body = self._ask(
            "POST", f"/v1/bots/{bot_id}/messages", json.dumps({"text": text}), headers
        )
        return status, json.loads(body)

    def close(self) -> None:
        self._connection.close()

    def _ask(
        self, method: str, path: str, body: str | None, headers: dict[str, str]
    ) -> tuple[int, bytes]:
        self._connection.request(method, path, body, headers)
        answer = self._connection.getresponse()
        return answer.status, answer.read()


@contextmanager
def one_to_each(product: LiveProduct, processes: int) -> Iterator[list[Line]]:
    """Opens connections until each of so many web processes holds one."""
    found: dict[int, Line] = {}
    spare: list[HTTPConnection] = []

    def all_there() -> bool:
        connection = HTTPConnection("127.0.0.1", product.port, timeout=SECONDS)
        connection.request("GET", "/healthz")
        connection.getresponse().read()
        pid = product.web_process_of(connection.sock.getsockname()[1]).pid
        if pid in found:
            spare.append(connection)
        else:
            found[pid] = Line(product.port, pid, connection)
        return len(found) == processes

    try:
        until(all_there, SECONDS, f"a connection to each of {processes} processes")
        yield list(found.values())
    finally:
        for line in (*found.values(), *spare):
            line.close()
