"""Reads a request into a `Call`, carries out what the reception says. Logs nothing."""

import json
from http.server import BaseHTTPRequestHandler
from typing import TYPE_CHECKING, Any

from ..calls import Call
from ..formats import bedrock, embeddings
from ..reception import wire_of
from .connection import Connection, ConnectionOver

if TYPE_CHECKING:
    from .server import Server


class Handler(BaseHTTPRequestHandler):
    """One connection, over as many requests as the client sends on it."""

    server: "Server"
    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True

    def do_POST(self) -> None:
        """Any method: whether it fits the path is for the reception to say."""
        call = self._read_call()
        self.server.log.add(call)
        connection = Connection(self.connection)
        try:
            for step in self.server.reception.steps_for(call):
                connection.carry_out(step, call)
        except ConnectionOver:
            call.client_left = not self.server.is_stopping
            self.close_connection = True
        finally:
            self.close_connection = self.close_connection or connection.closed_here
            call.end()

    do_GET = do_PUT = do_PATCH = do_DELETE = do_POST

    def log_message(self, format: str, *args: Any) -> None:
        """Nothing."""

    def _read_call(self) -> Call:
        headers = {name.lower(): value for name, value in self.headers.items()}
        path = self.path.partition("?")[0]
        wire = wire_of(path, headers)
        raw = self.rfile.read(int(headers.get("content-length") or 0))
        body = _object_in(raw)
        return Call(
            wire=wire.NAME,
            method=self.command,
            path=path,
            key=wire.key_in(headers),
            headers=headers,
            body=(body or {}) | bedrock.request_fields(path),
            raw=raw,
            query=self.path.partition("?")[2],
            is_chat=self.command == "POST" and (path == wire.CHAT_PATH or bedrock.is_path(path)),
            is_embedding=(self.command, path) == ("POST", embeddings.PATH),
            is_json=body is not None,
        )


def _object_in(data: bytes) -> dict[str, Any] | None:
    """The JSON object in a request's body; empty for no body, None for anything else."""
    try:
        found = json.loads(data or b"{}")
    except ValueError:
        return None
    return found if isinstance(found, dict) else None
