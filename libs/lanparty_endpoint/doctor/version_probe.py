"""The smallest question to a QUIC server: a packet of a version that none speaks.

Every server answers it, with a list of its versions, before it knows anything of keys or
certificates (RFC 9000 section 6.1). So an answer proves that UDP passes both ways, its delay is the
path's, and the size of what was answered is a size that reaches the relay.
"""

from struct import Struct
from typing import Final

__all__ = ["SMALLEST_VERSION_PROBE", "answered_nonce", "version_probe"]

SMALLEST_VERSION_PROBE: Final = 1_200
"""Bytes of UDP payload; servers don't answer smaller ones (RFC 9000 section 14.1)."""

_LONG_HEADER: Final = 0xC0
_RESERVED_VERSION: Final = 0x0A0A0A0A
"""Of the form 0x?a?a?a?a, which is kept for this (RFC 9000 section 15)."""
_NEGOTIATION: Final = 0
"""The version field of the answer (RFC 9000 section 17.2.1)."""
_HEADER: Final = Struct("!BIB8sB8s")
_ID_LENGTH: Final = 8


def version_probe(
    nonce: int, *, destination_id: bytes, size: int = SMALLEST_VERSION_PROBE
) -> bytes:
    """Return a packet of `size` bytes. `nonce` (64 bits) comes back with the answer.

    `destination_id`: 8 unpredictable bytes, as those of a client's first packet.
    """
    header = _HEADER.pack(
        _LONG_HEADER,
        _RESERVED_VERSION,
        _ID_LENGTH,
        destination_id,
        _ID_LENGTH,
        nonce.to_bytes(_ID_LENGTH),
    )
    return header.ljust(size, b"\0")


def answered_nonce(packet: bytes, *, destination_id: bytes) -> int | None:
    """Return the nonce of the probe that a packet answers; None if it answers none."""
    if len(packet) < _HEADER.size:
        return None
    first, version, destination_length, nonce, source_length, source = _HEADER.unpack_from(packet)
    is_answer = first & 0x80 and version == _NEGOTIATION
    if not is_answer or (destination_length, source_length) != (_ID_LENGTH, _ID_LENGTH):
        return None
    # The answer turns the two ids around.
    return int.from_bytes(nonce) if source == destination_id else None
