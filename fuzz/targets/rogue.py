# ruff: noqa: SLF001  a rogue says what aioquic itself would never say, under aioquic's keys
"""A client that finishes a real handshake and then says anything, in genuine packets."""

import ssl

from aioquic.buffer import encode_uint_var
from aioquic.quic.configuration import QuicConfiguration
from aioquic.quic.connection import QuicConnection
from aioquic.tls import Epoch

from lanparty_quic.endpoint import Address
from targets.quic_stack import RELAY, QuicStack

__all__ = ["Rogue"]

_HANDSHAKE_ROUNDS = 12
_ROUND_TRIP = 0.002


class Rogue:
    """One connection. What the relay answers after the handshake is counted, never read."""

    def __init__(self, stack: QuicStack, address: Address) -> None:
        """Connect. Raises `AssertionError` if the relay lets nobody in."""
        self.stack = stack
        self.address = address
        self.answers = 0
        self.control_bytes = 0
        quic = QuicConnection(
            configuration=QuicConfiguration(
                alpn_protocols=["lanparty/1"],
                is_client=True,
                max_datagram_frame_size=65_535,
                server_name="relay.example",
                verify_mode=ssl.CERT_NONE,
            )
        )
        quic.connect(RELAY, now=stack.now)
        for _ in range(_HANDSHAKE_ROUNDS):
            for packet, _ in quic.datagrams_to_send(now=stack.now):
                stack.endpoint.receive_packet(packet, address, now=stack.now)
            stack.now += _ROUND_TRIP
            for packet, to in stack.turn():
                if to == address:
                    quic.receive_datagram(packet, RELAY, now=stack.now)
            if quic._handshake_confirmed:
                break
        assert quic._handshake_confirmed, "the relay lets nobody in"
        for packet, _ in quic.datagrams_to_send(now=stack.now):
            stack.endpoint.receive_packet(packet, address, now=stack.now)
        self._crypto = quic._cryptos[Epoch.ONE_RTT]
        self._relay_id = quic._peer_cid.cid
        self._number = quic._packet_number + 1

    def packet(self, frames: bytes, *, skip: int = 0) -> bytes:
        """Encrypt frames as the next packet, or as a later one."""
        self._number += 1 + skip
        number = (self._number & 0xFFFF).to_bytes(2, "big")
        header = b"\x41" + self._relay_id + number
        return self._crypto.encrypt_packet(header, frames.ljust(4, b"\0"), self._number)

    def control(self, data: bytes, *, end: bool = False) -> bytes:
        """Return a STREAM frame with the next bytes of the control stream (RFC 9000 19.8)."""
        frame = (
            bytes((0x0E | end, 0))
            + encode_uint_var(self.control_bytes)
            + encode_uint_var(len(data))
            + data
        )
        self.control_bytes += len(data)
        return frame

    def send(self, frames: bytes, *, skip: int = 0, source: Address | None = None) -> None:
        """Give the relay a packet with these frames."""
        packet = self.packet(frames, skip=skip)
        self.stack.endpoint.receive_packet(packet, source or self.address, now=self.stack.now)
