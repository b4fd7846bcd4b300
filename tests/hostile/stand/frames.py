"""QUIC frames as bytes (RFC 9000 section 19), also those that no honest endpoint would write."""

import struct
from collections.abc import Iterable

from aioquic.buffer import encode_uint_var

__all__ = [
    "LARGEST",
    "ack",
    "crypto",
    "max_data",
    "max_stream_data",
    "max_streams",
    "new_connection_id",
    "path_challenge",
    "ping",
    "reset_stream",
    "retire_connection_id",
    "stop_sending",
    "stream",
]

LARGEST = (1 << 62) - 1
"""The largest variable-length integer (section 16)."""


def _frame(kind: int, *fields: int) -> bytes:
    return b"".join(encode_uint_var(each) for each in (kind, *fields))


def ping() -> bytes:
    """Return a PING, which asks for an acknowledgement (19.2)."""
    return b"\x01"


def ack(largest: int, ranges: Iterable[tuple[int, int]] = (), *, first: int = 0) -> bytes:
    """Return an ACK (19.3) of `first` + 1 packets up to `largest`, then (gap, length) each."""
    further = list(ranges)
    numbers = [number for each in further for number in each]
    return _frame(0x02, largest, 0, len(further), first, *numbers)


def reset_stream(stream_id: int, *, final_size: int = 0) -> bytes:
    """Return a RESET_STREAM (19.4)."""
    return _frame(0x04, stream_id, 0, final_size)


def stop_sending(stream_id: int) -> bytes:
    """Return a STOP_SENDING (19.5)."""
    return _frame(0x05, stream_id, 0)


def crypto(offset: int, data: bytes) -> bytes:
    """Return a CRYPTO frame (19.6)."""
    return _frame(0x06, offset, len(data)) + data


def stream(stream_id: int, offset: int, data: bytes, *, is_end: bool = False) -> bytes:
    """Return a STREAM frame with offset and length (19.8)."""
    return _frame(0x0E | is_end, stream_id, offset, len(data)) + data


def max_data(limit: int) -> bytes:
    """Return a MAX_DATA (19.9)."""
    return _frame(0x10, limit)


def max_stream_data(stream_id: int, limit: int) -> bytes:
    """Return a MAX_STREAM_DATA (19.10)."""
    return _frame(0x11, stream_id, limit)


def max_streams(limit: int) -> bytes:
    """Return a MAX_STREAMS for bidirectional streams (19.11)."""
    return _frame(0x12, limit)


def new_connection_id(sequence: int, *, retire_prior_to: int = 0) -> bytes:
    """Return a NEW_CONNECTION_ID (19.15) whose id and token follow from its number."""
    connection_id = b"id" + struct.pack("!Q", sequence)[2:]
    head = _frame(0x18, sequence, retire_prior_to)
    return head + bytes((len(connection_id),)) + connection_id + struct.pack("!QQ", 0, sequence)


def retire_connection_id(sequence: int) -> bytes:
    """Return a RETIRE_CONNECTION_ID (19.16)."""
    return _frame(0x19, sequence)


def path_challenge(number: int) -> bytes:
    """Return a PATH_CHALLENGE (19.17)."""
    return b"\x1a" + struct.pack("!Q", number)
