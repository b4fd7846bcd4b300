"""The control stream: messages to bytes, and bytes in any cut to messages.

     0                   1                   2                   3
     0 1 2 3 4 5 6 7 8 9 0 1 2 3 4 5 6 7 8 9 0 1 2 3 4 5 6 7 8 9 0 1
    +---------------------------------------------------------------+
    |                     length of the object                      |
    +---------------------------------------------------------------+
    |   UTF-8 JSON, one object with a string "type" ...             |

The length is big-endian and counts the JSON alone: 2 to `CONTROL_FRAME_LIMIT`.
"""

import json
from typing import Final, NoReturn

from pydantic import ValidationError

from lanparty_ctrl.errors import ProtocolViolation
from lanparty_ctrl.messages import MESSAGE, Message
from lanparty_ctrl.names import made_readable

__all__ = ["CONTROL_FRAME_LIMIT", "MessageDecoder", "encode_message"]

CONTROL_FRAME_LIMIT: Final = 65_536
"""Bytes of JSON in one frame. The largest message that this version can write has 10 KiB."""

_PREFIX_LENGTH: Final = 4
_SHORTEST_OBJECT: Final = len("{}")


def encode_message(message: Message) -> bytes:
    """Return the message as one frame. What is None is left out."""
    body = message.model_dump_json(exclude_none=True).encode()
    return len(body).to_bytes(_PREFIX_LENGTH) + body


class MessageDecoder:
    """Reads the messages of one control stream. Holds no more than one frame of bytes.

    After every `receive_bytes`, also after one that raised, take `messages()`. When it has raised
    `ProtocolViolation`, the stream can't be understood any more: each later call raises it again.
    """

    def __init__(self) -> None:
        self._buffer = bytearray()
        self._needed = _PREFIX_LENGTH
        self._in_body = False
        self._messages: list[Message] = []
        self._fault: str | None = None

    @property
    def buffered(self) -> int:
        """Bytes held of a frame that isn't complete."""
        return len(self._buffer)

    def receive_bytes(self, data: bytes | bytearray | memoryview) -> None:
        """Take the next bytes of the stream, cut anywhere; all of `data` is consumed.

        Raises `ProtocolViolation` at the first byte that makes the frame unfit.
        """
        if self._fault is not None:
            raise ProtocolViolation(self._fault)
        try:
            self._take(memoryview(data))
        except ProtocolViolation as violation:
            self._fault = str(violation)
            self._buffer = bytearray()
            raise

    def messages(self) -> list[Message]:
        """Take the messages that are complete, in order."""
        messages, self._messages = self._messages, []
        return messages

    def _take(self, rest: memoryview) -> None:
        while rest:
            missing = self._needed - len(self._buffer)
            self._buffer += rest[:missing]
            rest = rest[missing:]
            if len(self._buffer) < self._needed:
                return
            complete, self._buffer = bytes(self._buffer), bytearray()
            if self._in_body:
                self._messages.append(_parse(complete))
                self._needed = _PREFIX_LENGTH
            else:
                self._needed = _checked_length(complete)
            self._in_body = not self._in_body


def _checked_length(prefix: bytes) -> int:
    length = int.from_bytes(prefix)
    if not _SHORTEST_OBJECT <= length <= CONTROL_FRAME_LIMIT:
        raise ProtocolViolation(f"a frame of {length} bytes")
    return length


def _parse(body: bytes) -> Message:
    try:
        # Two readers: only the first one can refuse a duplicate key, and the second one knows how
        # each type is spelled in JSON. A text passes if both understand it.
        json.loads(
            body.decode(), object_pairs_hook=_refuse_duplicates, parse_constant=_refuse_constant
        )
        return MESSAGE.validate_json(body)
    except ProtocolViolation:
        raise
    except ValidationError as error:
        complaint = _first_complaint(error)
    except UnicodeDecodeError:
        complaint = "a frame that is not UTF-8"
    except RecursionError:
        complaint = "JSON nested too deeply"
    except ValueError:
        # json's own error, or an integer of more digits than Python reads.
        complaint = "a frame that is not JSON"
    # Raised out here, it doesn't hold pydantic's error as its context: that hides from Python's
    # collector what it refers to, so a caller who kept the violation would never be freed.
    raise ProtocolViolation(complaint)


def _refuse_duplicates(pairs: list[tuple[str, object]]) -> None:
    if len({key for key, _ in pairs}) != len(pairs):
        raise ProtocolViolation("an object with a field twice")


def _refuse_constant(name: str) -> NoReturn:
    raise ProtocolViolation(f"a number that JSON doesn't have: {name}")


def _first_complaint(error: ValidationError) -> str:
    """Say what is wrong and where, without the value: it may be a secret in a wrong place."""
    first = error.errors(include_url=False, include_context=False, include_input=False)[0]
    place = ".".join(str(part) for part in first["loc"])
    # What is said of a field may quote it; of a message as a whole only its own rules speak.
    about_whole = first["type"] == "value_error" and len(first["loc"]) <= 1
    complaint = first["msg"].removeprefix("Value error, ") if about_whole else first["type"]
    return made_readable(f"{place or 'message'}: {complaint}")
