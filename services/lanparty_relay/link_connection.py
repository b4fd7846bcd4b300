"""One end of the socket pair between relay and admin process: never waits, bounded both ways."""

import asyncio
import socket
from collections import deque
from collections.abc import Callable, Iterator
from typing import Final

from lanparty_relay.admin_link import FromAdmin, LinkBroken, LinkDecoder, ToAdmin, encode

__all__ = ["OUTBOX_BYTES", "LinkConnection"]

OUTBOX_BYTES: Final = 8_388_608
"""Messages that may wait for a reader: minutes of an ordinary relay's changes."""

_READ_BYTES: Final = 262_144
_REFILL_BYTES: Final = 65_536
"""A full account is told in pieces of about this size, as fast as the reader takes them."""


class LinkConnection:
    """Sends and receives messages on a connected stream socket, which it owns.

    `on_message` gets each message; `on_closed` is called once, with the reason, when the other
    end goes, says what can't be read or doesn't read while `OUTBOX_BYTES` wait for it. The object
    is of no use afterwards: what is sent then goes nowhere.
    """

    def __init__(
        self,
        connection: socket.socket,
        *,
        on_message: Callable[[ToAdmin | FromAdmin], None],
        on_closed: Callable[[str], None],
    ) -> None:
        connection.setblocking(False)
        self._loop: Final = asyncio.get_running_loop()
        self._socket: Final = connection
        self._decoder: Final = LinkDecoder()
        self._on_message: Final = on_message
        self._on_closed: Final = on_closed
        self._outbox: deque[bytes] = deque()
        self._waiting = 0
        self._account: Iterator[ToAdmin] = iter(())
        self._open = True
        self._writing = False
        self._loop.add_reader(connection, self._read)

    @property
    def waiting(self) -> int:
        """Bytes that wait for the other end to read."""
        return self._waiting

    def send(self, message: ToAdmin | FromAdmin) -> None:
        """Put a message behind those that wait."""
        if not self._open:
            return
        self._put(encode(message))
        if self._waiting > OUTBOX_BYTES:
            self._end("it doesn't read")

    def send_account(self, account: Iterator[ToAdmin]) -> None:
        """Tell all of `account`, drawn only as fast as the other end reads.

        What `send` is given meanwhile goes between its messages.
        """
        self._account = account
        if self._open:
            self._start_writing()

    def flush(self) -> None:
        """Hand over what the socket takes at once of what waits, before a close."""
        before = self._waiting + 1
        while self._open and 0 < self._waiting < before:
            before = self._waiting
            self._write()

    def close(self) -> None:
        """Close the socket. `on_closed` isn't called."""
        if not self._open:
            return
        self._open = False
        self._loop.remove_reader(self._socket)
        self._loop.remove_writer(self._socket)
        self._outbox.clear()
        self._socket.close()

    def _put(self, data: bytes) -> None:
        self._outbox.append(data)
        self._waiting += len(data)
        self._start_writing()

    def _start_writing(self) -> None:
        if not self._writing:
            self._writing = True
            self._loop.add_writer(self._socket, self._write)

    def _write(self) -> None:
        while self._waiting < _REFILL_BYTES and (more := next(self._account, None)) is not None:
            self._put(encode(more))
        if not self._outbox:
            self._writing = False
            self._loop.remove_writer(self._socket)
            return
        data = self._outbox.popleft()
        while self._outbox and len(data) < _REFILL_BYTES:
            data += self._outbox.popleft()
        try:
            sent = self._socket.send(data)
        except BlockingIOError:
            sent = 0
        except OSError as error:
            self._end(f"its socket failed: {error.strerror}")
            return
        self._waiting -= sent
        if sent < len(data):
            self._outbox.appendleft(data[sent:])

    def _read(self) -> None:
        try:
            data = self._socket.recv(_READ_BYTES)
        except BlockingIOError:
            return
        except OSError as error:
            self._end(f"its socket failed: {error.strerror}")
            return
        if not data:
            self._end("it is gone")
            return
        try:
            messages = self._decoder.receive_bytes(data)
        except LinkBroken as error:
            self._end(str(error))
            return
        for message in messages:
            if self._open:
                self._on_message(message)

    def _end(self, reason: str) -> None:
        self.close()
        self._on_closed(reason)
