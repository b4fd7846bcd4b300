"""Who presses a relay with handshakes: first packets from many addresses, which lead to nothing.

Their senders are valid clients so far: each packet is a genuine Initial that a listener must answer
with a millisecond of TLS, and none is followed up. `proves_addresses` is the harder kind: it hears
the relay's Retry packets and comes back with their tokens, as somebody who owns the addresses can.

On Linux every address of 127.0.0.0/8 is this machine's, so that one socket can speak for all.
"""

import os
import random
import socket
import struct
import time
from collections.abc import Callable
from dataclasses import dataclass
from multiprocessing.connection import Connection
from typing import Final

from aioquic._buffer import Buffer
from aioquic.quic.packet import QuicPacketType, pull_quic_header
from first_packets import FirstPackets
from pressure_workers import Summary

from lanparty_quic import Address

__all__ = ["HandshakeFlood", "press_for", "press_handshakes"]

_IP_PKTINFO: Final = 8
"""Control message with the source address of a packet (Linux, ip(7))."""

_PACKET_INFORMATION: Final = struct.Struct("=i4s4s")
_PREPARED: Final = 8_000
"""Packets made ahead, so that making them takes nothing from the machine while it is measured."""

_TICK: Final = 0.002
_MOST_AT_ONCE: Final = 200
_HALF_OPEN_RATE: Final = 5_000.0
"""Packets a second with which the half-open handshakes of the beginning are tried."""


@dataclass(frozen=True, slots=True)
class HandshakeFlood:
    """How a relay is pressed."""

    relay: Address
    rate: float = 2_000.0
    """First packets a second."""
    half_open: int = 5_000
    """First packets with which it begins, at once."""
    proves_addresses: bool = False


class _Sender:
    def __init__(self, flood: HandshakeFlood) -> None:
        self._flood = flood
        self._packets = FirstPackets()
        self._prepared = [self._packets.make(os.urandom(8)) for _ in range(_PREPARED)]
        self._dice = random.Random(1)
        self._socket = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self._socket.setsockopt(socket.IPPROTO_IP, _IP_PKTINFO, 1)
        self._socket.bind(("0.0.0.0", 0))  # it speaks for all of 127.0.0.0/8
        self._socket.setblocking(False)
        self.offered = 0

    def close(self) -> None:
        self._socket.close()

    def press(self, is_over: Callable[[], bool]) -> None:
        last = time.monotonic()
        owed = 0.0
        while not is_over():
            now = time.monotonic()
            begins = self.offered < self._flood.half_open
            rate = _HALF_OPEN_RATE if begins else self._flood.rate
            owed = min(owed + (now - last) * rate, _MOST_AT_ONCE)
            last = now
            self._send(int(owed))
            owed -= int(owed)
            self._hear()
            time.sleep(max(0.0, last + _TICK - time.monotonic()))

    def _send(self, count: int) -> None:
        for _ in range(count):
            packet = self._prepared[self.offered % _PREPARED]
            source = b"\x7f" + self._dice.randbytes(2) + b"\x05"
            self._send_from(source, packet)
            self.offered += 1

    def _hear(self) -> None:
        """Take what the relay answers; come back with the tokens if this is the kind that does."""
        for _ in range(_MOST_AT_ONCE):
            try:
                packet, information, _, _ = self._socket.recvmsg(2048, 64)
            except BlockingIOError:
                return
            if self._flood.proves_addresses:
                self._prove(packet, _PACKET_INFORMATION.unpack(information[0][2])[2])

    def _prove(self, packet: bytes, source: bytes) -> None:
        header = pull_quic_header(Buffer(data=packet), host_cid_length=8)
        if header.packet_type is QuicPacketType.RETRY:
            self._send_from(source, self._packets.make(header.source_cid, header.token))

    def _send_from(self, source: bytes, packet: bytes) -> None:
        information = _PACKET_INFORMATION.pack(0, source, bytes(4))
        try:
            self._socket.sendmsg(
                [packet], [(socket.IPPROTO_IP, _IP_PKTINFO, information)], 0, self._flood.relay
            )
        except BlockingIOError:
            return


def press_handshakes(pipe: Connection, flood: HandshakeFlood) -> None:
    """Prepare, say so, begin when told to, go on until told again; say how many were sent."""
    sender = _Sender(flood)
    try:
        pipe.send(None)
        pipe.recv()
        began = time.monotonic()
        sender.press(lambda: pipe.poll(0))
        pipe.recv()
        pipe.send(Summary(sender.offered, time.monotonic() - began))
    finally:
        sender.close()


def press_for(flood: HandshakeFlood, seconds: float) -> int:
    """Press in this thread, and return how many first packets were sent."""
    sender = _Sender(flood)
    try:
        end = time.monotonic() + seconds
        sender.press(lambda: time.monotonic() > end)
        return sender.offered
    finally:
        sender.close()
