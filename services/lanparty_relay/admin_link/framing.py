"""How messages are framed: a 4-byte big-endian length, then that many bytes of JSON."""

from typing import Annotated, Final

from pydantic import Field, TypeAdapter, ValidationError

from lanparty_relay.admin_link.messages import FromAdmin, ToAdmin

__all__ = ["LinkBroken", "LinkDecoder", "encode"]

_LENGTH_BYTES: Final = 4
_LONGEST: Final = 1_048_576
"""Bytes of one message: far above the largest, so that a fault can't take memory."""

_ANY: Final[TypeAdapter[ToAdmin | FromAdmin]] = TypeAdapter(
    Annotated[ToAdmin | FromAdmin, Field(discriminator="type")]
)


class LinkBroken(Exception):  # noqa: N818  named after what happened
    """The other end said what can't be read. The decoder is of no use afterwards."""


def encode(message: ToAdmin | FromAdmin) -> bytes:
    """Frame a message."""
    body = message.model_dump_json().encode()
    return len(body).to_bytes(_LENGTH_BYTES, "big") + body


class LinkDecoder:
    """Takes bytes in any cut and gives whole messages."""

    def __init__(self) -> None:
        self._buffer = bytearray()

    def receive_bytes(self, data: bytes) -> list[ToAdmin | FromAdmin]:
        """Return the messages that `data` completes, in order. Raises `LinkBroken`."""
        self._buffer += data
        messages = []
        while (body := self._next_body()) is not None:
            try:
                messages.append(_ANY.validate_json(body))
            except ValidationError as error:
                raise LinkBroken(f"a message that can't be read: {error}") from error
        return messages

    def _next_body(self) -> bytes | None:
        if len(self._buffer) < _LENGTH_BYTES:
            return None
        length = int.from_bytes(self._buffer[:_LENGTH_BYTES], "big")
        if length > _LONGEST:
            raise LinkBroken(f"a message of {length} bytes")
        end = _LENGTH_BYTES + length
        if len(self._buffer) < end:
            return None
        body = bytes(self._buffer[_LENGTH_BYTES:end])
        del self._buffer[:end]
        return body
