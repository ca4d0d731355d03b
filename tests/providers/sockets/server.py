"""The threads and sockets: a server that knows its open connections, so that it can end them."""

import contextlib
import socket
import sys
import threading
from http.server import ThreadingHTTPServer
from typing import Any

from ..calls import CallLog
from ..reception import Reception
from .handler import Handler

_GOODBYE_SECONDS = 2


class Server(ThreadingHTTPServer):
    """Serves on loopback from `start` to `stop`, one daemon thread a connection."""

    daemon_threads = True
    block_on_close = False
    request_queue_size = 1024

    def __init__(self, port: int, reception: Reception, log: CallLog) -> None:
        super().__init__(("127.0.0.1", port), Handler)
        self.reception = reception
        self.log = log
        self.is_stopping = False
        self._connections: set[socket.socket] = set()
        self._changed = threading.Condition()
        self._thread = threading.Thread(target=self._serve, daemon=True)

    def start(self) -> None:
        """Begins to accept; until then connections wait in the backlog."""
        self._thread.start()

    def stop(self) -> None:
        """Ends every connection, and returns once their threads are done with them."""
        self.is_stopping = True
        if self._thread.is_alive():
            socket.create_connection(self.socket.getsockname()).close()  # Wakes it.
            self._thread.join()
        self.server_close()
        with self._changed:
            for connection in self._connections:
                _drop_connection(connection)
            self._changed.wait_for(lambda: not self._connections, _GOODBYE_SECONDS)

    def _serve(self) -> None:
        while not self.is_stopping:
            self.handle_request()

    def verify_request(self, request: Any, client_address: Any) -> bool:
        """Turns away whoever comes when it is stopping."""
        return not self.is_stopping

    def server_bind(self) -> None:
        """Binds without asking a name server for this host's name, as HTTPServer would."""
        self.socket.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        self.socket.bind(self.server_address)
        self.server_address = self.socket.getsockname()
        self.server_name, self.server_port = "127.0.0.1", self.socket.getsockname()[1]

    def process_request(self, request: Any, client_address: Any) -> None:
        """Notes the connection before its thread begins."""
        with self._changed:
            self._connections.add(request)
        super().process_request(request, client_address)

    def shutdown_request(self, request: Any) -> None:
        """Closes the connection and forgets it."""
        super().shutdown_request(request)
        with self._changed:
            self._connections.discard(request)
            self._changed.notify_all()

    def handle_error(self, request: Any, client_address: Any) -> None:
        """Says nothing about a client that went away; anything else is a defect of this package."""
        if not isinstance(sys.exception(), ConnectionError):
            super().handle_error(request, client_address)


def _drop_connection(connection: socket.socket) -> None:
    with contextlib.suppress(OSError):  # Either side may have closed it already.
        connection.shutdown(socket.SHUT_RDWR)
