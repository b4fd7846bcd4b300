"""Probes: softlan's own frames, by which endpoints of a room find out who sees whom, and how fast.

Their ethertype is for local experiments and may be used by others too (IEEE Std 802-2014 clause
9.2.3), so what follows it begins with a subtype of softlan's own:

0                   1                   2                   3
0 1 2 3 4 5 6 7 8 9 0 1 2 3 4 5 6 7 8 9 0 1 2 3 4 5 6 7 8 9 0 1
+---------------------------------------------------------------+
|               subtype: 73 6c 61 6e ("slan")                   |
+---------------+---------------+---------------+---------------+
|    version    |     kind      |    hearing    |   direction   |
+---------------+---------------+---------------+---------------+
|                             nonce                             |
|                                                               |
+---------------------------------------------------------------+
|     sender's round trip to the relay in microseconds, or 0    |
+---------------------------------------------------------------+
|   padding ...

The same octets are the payload of the UDP broadcast that goes with a question of who sees it.
docs/protocol.md has the rules of answering.
"""

from dataclasses import dataclass
from enum import IntEnum
from ipaddress import IPv4Address
from struct import Struct
from typing import Final, Self

from lanparty_ethernet.errors import PacketError, PacketFault
from lanparty_ethernet.ipv4 import ETHERTYPE_IPV4, PROTOCOL_UDP, Ipv4Packet
from lanparty_ethernet.udp import UdpDatagram
from lanparty_proto import BROADCAST, ETHERNET_HEADER_LENGTH, MacAddress, encode_ethernet

__all__ = [
    "ETHERTYPE_PROBE",
    "PROBE_UDP_PORT",
    "SMALLEST_PROBE_FRAME",
    "Hearing",
    "Probe",
    "ProbeDirection",
    "ProbeKind",
    "broadcast_datagram",
]

ETHERTYPE_PROBE: Final = 0x88B5
"""IEEE local experimental ethertype 1."""

PROBE_UDP_PORT: Final = 8_875
"""Where an endpoint hears ordinary broadcasts; unassigned at IANA, below the ephemeral ports."""

SMALLEST_PROBE_FRAME: Final = 60
"""Bytes without the check sequence: what Ethernet pads short frames to (IEEE 802.3 clause 4.2.3.3).

Probes are padded by their sender, so that an answer is never larger than what asked for it.
"""

_SUBTYPE: Final = b"slan"
_VERSION: Final = 1
_LAYOUT: Final = Struct("!4sBBBBQI")
_MICROSECONDS: Final = 1_000_000
_LONGEST_ROUND_TRIP: Final = 0xFFFFFFFF
_LIMITED_BROADCAST: Final = IPv4Address("255.255.255.255")


class ProbeKind(IntEnum):
    """What a probe asks or says."""

    ECHO_REQUEST = 1
    """To one endpoint: are you there?"""
    ECHO_REPLY = 2
    SEEN_BY = 3
    """To everybody: who sees this? As a frame of softlan's and as an ordinary UDP broadcast."""
    SEEN_FRAME = 4
    """The answer: the frame reached softlan."""
    SEEN_DATAGRAM = 5
    """The answer: the UDP broadcast came through to an ordinary socket."""
    LOOP = 6
    """A gateway's search for loops: it must not come back from the other side. Nobody answers."""


class Hearing(IntEnum):
    """What an answer to `SEEN_BY` says of the ordinary socket beside the answering endpoint."""

    UNSAID = 0
    """In questions, echoes, and from versions that say something unknown here."""
    NO_HOST = 1
    """There is no machine behind this endpoint that could hear: a gateway or a simulated player."""
    LISTENING = 2
    DEAF = 3
    """There is one, but its port couldn't be had: another program uses it."""
    PAUSED = 4
    """A gateway that carries nothing at the moment: it has found a loop or a second gateway."""


class ProbeDirection(IntEnum):
    """Which way a gateway sent its `LOOP` probe."""

    UNSAID = 0
    """In every other kind, and from versions that say something unknown here."""
    INTO_ROOM = 1
    ONTO_LAN = 2


@dataclass(frozen=True, slots=True, kw_only=True)
class Probe:
    """A question or an answer, without the Ethernet or UDP header around it."""

    kind: ProbeKind
    nonce: int
    """0 to 2**64 - 1: drawn by who asks, repeated by who answers; in `LOOP`, the gateway's own."""
    hearing: Hearing = Hearing.UNSAID
    relay_round_trip: float | None = None
    """Seconds from the sender to the relay and back, in microseconds on the wire; None: unknown."""
    direction: ProbeDirection = ProbeDirection.UNSAID
    """Said by a `LOOP` probe alone."""

    @classmethod
    def parse(cls, payload: bytes | memoryview) -> Self:
        """Read the payload of a frame or datagram; padding isn't looked at.

        Raises `PacketError`: `TRUNCATED`, `KIND` for another's protocol or an unknown kind,
        `VERSION`.
        """
        if len(payload) < _LAYOUT.size:
            raise PacketError(PacketFault.TRUNCATED)
        subtype, version, kind, hearing, way, nonce, round_trip = _LAYOUT.unpack_from(payload)
        if subtype != _SUBTYPE:
            raise PacketError(PacketFault.KIND)
        if version != _VERSION:
            raise PacketError(PacketFault.VERSION)
        if kind not in _KINDS:
            raise PacketError(PacketFault.KIND)
        return cls(
            kind=ProbeKind(kind),
            nonce=nonce,
            hearing=Hearing(hearing) if hearing in _HEARINGS else Hearing.UNSAID,
            relay_round_trip=round_trip / _MICROSECONDS if round_trip else None,
            direction=_direction(kind, way),
        )

    def encode(self) -> bytes:
        """Return the octets without padding. A nonce that is too large raises `struct.error`."""
        return _LAYOUT.pack(
            _SUBTYPE,
            _VERSION,
            self.kind,
            self.hearing,
            self.direction,
            self.nonce,
            _in_microseconds(self.relay_round_trip),
        )

    def frame(
        self, destination: MacAddress, source: MacAddress, *, size: int = SMALLEST_PROBE_FRAME
    ) -> bytes:
        """Return the probe as a frame that is padded with zeros to `size` bytes."""
        padded = self.encode().ljust(size - ETHERNET_HEADER_LENGTH, b"\0")
        return encode_ethernet(destination, source, ETHERTYPE_PROBE, padded)


def broadcast_datagram(probe: Probe, *, source: MacAddress, address: IPv4Address) -> bytes:
    """Return the frame of a UDP broadcast on this segment, as a game looking for a server sends it.

    `address` is the asker's; 0.0.0.0 if it has none, which receivers of 255.255.255.255 accept
    (RFC 1122 section 3.2.1.3).
    """
    # As large as the answer that it may cause: the answer is a frame of the smallest size.
    payload = probe.encode().ljust(SMALLEST_PROBE_FRAME - ETHERNET_HEADER_LENGTH, b"\0")
    datagram = UdpDatagram(PROBE_UDP_PORT, PROBE_UDP_PORT, payload)
    packet = Ipv4Packet(
        source=address,
        destination=_LIMITED_BROADCAST,
        protocol=PROTOCOL_UDP,
        payload=datagram.encode(source=address, destination=_LIMITED_BROADCAST),
    )
    return encode_ethernet(BROADCAST, source, ETHERTYPE_IPV4, packet.encode())


def _in_microseconds(seconds: float | None) -> int:
    if seconds is None:
        return 0
    return max(1, min(round(seconds * _MICROSECONDS), _LONGEST_ROUND_TRIP))


def _direction(kind: int, way: int) -> ProbeDirection:
    # The octet was reserved, and not looked at, before there were searches for loops.
    if kind != ProbeKind.LOOP or way not in _DIRECTIONS:
        return ProbeDirection.UNSAID
    return ProbeDirection(way)


_KINDS: Final = frozenset(ProbeKind)
_HEARINGS: Final = frozenset(Hearing)
_DIRECTIONS: Final = frozenset(ProbeDirection)
