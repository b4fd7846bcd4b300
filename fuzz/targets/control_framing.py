"""Invariant: however a control stream is cut, it says the same messages and the same violation.

Nothing but `ProtocolViolation` escapes, no more than one frame is held, and what was understood is
written and read again as it was. An input's first byte says how often frames get the length that
fits them: mutations of the bytes alone would hardly ever keep it.
"""

from choices import Choices
from target import Target

from lanparty_ctrl import (
    CONTROL_FRAME_LIMIT,
    Message,
    MessageDecoder,
    ProtocolViolation,
    encode_message,
    human_text,
)

__all__ = ["TARGET", "framed"]

_LONGEST_FRAME = 4 + CONTROL_FRAME_LIMIT
_VIOLATION_TEXT = 2048
"""Characters of the longest text that is told or logged."""


def framed(bodies: bytes) -> bytes:
    """Put its length before each line."""
    return b"".join(len(body).to_bytes(4, "big") + body for body in bodies.split(b"\n"))


def read(pieces: list[bytes]) -> tuple[list[Message], str | None]:
    """Return what a new decoder makes of a stream, and what it objects to."""
    decoder = MessageDecoder()
    messages: list[Message] = []
    violation = None
    for piece in pieces:
        try:
            decoder.receive_bytes(piece)
        except ProtocolViolation as found:
            violation = violation or str(found)
            assert violation == str(found), "a violation stays what it is"
        messages += decoder.messages()
        assert decoder.buffered <= _LONGEST_FRAME
    return messages, violation


def feed(data: bytes) -> None:
    """Read one stream in three cuts."""
    choices = Choices(data)
    mode = choices.byte()
    stream = choices.rest()
    if mode & 1:
        stream = framed(stream)
    messages, violation = read([stream])
    step = 1 + (mode >> 1) % 64
    for cut in (step, 7 * step):
        pieces = [stream[at : at + cut] for at in range(0, len(stream), cut)]
        assert read(pieces) == (messages, violation)
    for message in messages:
        again, objection = read([encode_message(message)])
        assert again == [message]
        assert objection is None
    if violation is not None:
        assert len(violation) <= _VIOLATION_TEXT
        human_text(violation)


TARGET = Target(
    name="control_framing",
    subject="control stream: framing and messages, in three cuts",
    largest_input=2048,
    begin=lambda: feed,
)
