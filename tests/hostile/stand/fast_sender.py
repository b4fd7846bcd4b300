# ruff: noqa: SLF001  reaching into what an honest client leaves alone is the purpose
"""Packets at a rate that no honest client reaches: sealed by hand, without regard to any window.

After a real handshake the keys are there (RFC 9001 section 5); a short header and the frames is
all that a packet needs. Sealing takes about 5 us, and the kernel cuts a buffer into packets.
"""

import socket
import struct
from collections.abc import Sequence
from itertools import groupby
from typing import Final

from aioquic.tls import Epoch
from raw_client import RawClient

__all__ = ["FastSender", "datagram_frame"]

_DATAGRAM_TO_THE_END: Final = b"\x30"
"""DATAGRAM without a length (RFC 9221 section 4): the last frame of its packet."""

_DATAGRAM: Final = 0x31
_FIRST_BYTE: Final = 0x40 | 0x03
"""Short header, key phase 0, packet number of 4 bytes (RFC 9000 section 17.3.1): so many packets
may be lost that a shorter one wouldn't say which this is."""

_KEY_PHASE: Final = 0x04
_UDP_SEGMENT: Final = 103
"""Linux's number (include/uapi/linux/udp.h)."""

_SEGMENTS: Final = 40
"""Below 64 KiB and 64 packets together, whatever their size."""


def datagram_frame(payload: bytes, *, is_last: bool = True) -> bytes:
    """Return a DATAGRAM frame (RFC 9221 section 4); only the last of a packet has no length."""
    if is_last:
        return _DATAGRAM_TO_THE_END + payload
    return bytes((_DATAGRAM,)) + struct.pack("!H", 0x4000 | len(payload)) + payload


class FastSender:
    """Seals and sends packets of a client that has completed its handshake.

    The client goes on beside it: it acknowledges what it gets, and both take packet numbers from
    one counter.
    """

    def __init__(self, client: RawClient) -> None:
        self._client = client
        self._quic = client.quic
        self.sent = 0
        """Packets that the kernel took."""

    def seal(self, frames: bytes, *, number: int | None = None) -> bytes:
        """Make a packet with the next number, or another; what follows counts from the largest."""
        if number is None:
            number = self._quic._packet_number
        self._quic._packet_number = max(self._quic._packet_number, number + 1)
        keys = self._quic._cryptos[Epoch.ONE_RTT].send
        first = _FIRST_BYTE | (_KEY_PHASE if keys.key_phase else 0)
        header = bytes((first,)) + self._quic._peer_cid.cid + struct.pack("!I", number)
        return keys.encrypt_packet(header, frames, number)

    def send(self, packets: Sequence[bytes]) -> None:
        """Put packets on the wire, many with one call where they are equally long."""
        for size, alike in groupby(packets, key=len):
            group = list(alike)
            for start in range(0, len(group), _SEGMENTS):
                self._send_alike(group[start : start + _SEGMENTS], size)

    def _send_alike(self, packets: Sequence[bytes], size: int) -> None:
        segment = [(socket.SOL_UDP, _UDP_SEGMENT, struct.pack("=H", size))]
        try:
            self._client.socket.sendmsg([b"".join(packets)], segment)
        except (BlockingIOError, ConnectionRefusedError):
            return
        self.sent += len(packets)
