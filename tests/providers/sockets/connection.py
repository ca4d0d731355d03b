"""The socket of one client: sends, waits, and notices when nobody listens any more."""

import math
import os
import select
import socket
import struct
import time

from ..calls import Call
from .steps import Close, Hold, Pause, Send, Step, Whole

_EARLY_CLIENT_SECONDS = 0.02
_RESET_ON_CLOSE = struct.pack("ii", 1, 0)


class ConnectionOver(Exception):
    """One of the two sides has closed the connection."""


class Connection:
    """One client's connection."""

    def __init__(self, sock: socket.socket) -> None:
        self._socket = sock
        self.closed_here = False
        """Whether a plan has ended the connection from this side."""

    def carry_out(self, step: Step, call: Call) -> None:
        """Does one step and counts it on the call. Raises ConnectionOver when nobody listens."""
        match step:
            case Send(data, tokens):
                self._check_client()
                call.answered_tokens += tokens
                self._send(data)
            case Pause(seconds):
                self._wait(seconds)
            case Hold(gate):
                gate.pass_through(self._check_client)
            case Close(reset=reset):
                self._close(reset)
            case Whole(tokens_out):
                call.answered_tokens = tokens_out

    def _send(self, data: bytes) -> None:
        try:
            self._socket.sendall(data)
        except OSError as error:
            raise ConnectionOver from error

    def _wait(self, seconds: float | None) -> None:
        """Waits, but no longer than there is somebody to wait for."""
        ends_at = math.inf if seconds is None else time.monotonic() + seconds
        poll = select.poll()
        poll.register(self._socket, select.POLLIN)
        while (remaining := ends_at - time.monotonic()) > 0:
            poll.poll(None if seconds is None else remaining * 1000)
            self._check_client()
            # Only for a client that sends its next request early: it ends each poll at once.
            time.sleep(max(0.0, min(_EARLY_CLIENT_SECONDS, ends_at - time.monotonic())))

    def _check_client(self) -> None:
        try:
            left = self._socket.recv(1, socket.MSG_PEEK | socket.MSG_DONTWAIT) == b""
        except BlockingIOError:
            return
        except OSError as error:
            raise ConnectionOver from error
        if left:
            raise ConnectionOver

    def _close(self, reset: bool) -> None:
        """Ends it from this side. A reset closes the descriptor itself, with no FIN before."""
        self.closed_here = True
        if reset:
            self._socket.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, _RESET_ON_CLOSE)
            os.close(self._socket.detach())
        else:
            self._socket.shutdown(socket.SHUT_RDWR)
