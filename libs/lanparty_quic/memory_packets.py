"""What memory endpoints say to each other: values in place of QUIC packets, for the simulation.

    dialer                          listener
      | -- Greeting -------------------> |    the listener has a pending connection
      | <------------------- Identity -- |    pin and names; the dialer checks its trust
      | -- Confirmation ---------------> |    both are connected
      | <-- Datagram, Control, Ack, ---> |
      |     Receipt, Ping, Pong,
      |     ExtraStream
      | <------------ Farewell --------> |    the last packet of either side

`connection` names the connection in both directions, as a connection id does in QUIC, so that a
dialer may change its address. Every packet says how long it would be on a wire.
"""

from dataclasses import dataclass
from typing import ClassVar, Final

from lanparty_obs.codes import SessionEnd

__all__ = [
    "DATAGRAM_OVERHEAD",
    "Ack",
    "Confirmation",
    "Control",
    "Datagram",
    "ExtraStream",
    "Farewell",
    "Greeting",
    "Identity",
    "MemoryPacket",
    "Ping",
    "Pong",
    "Receipt",
]

DATAGRAM_OVERHEAD: Final = 30
"""Bytes of a QUIC packet around one DATAGRAM frame: header, frame header, AEAD tag."""


@dataclass(frozen=True, slots=True)
class MemoryPacket:
    """A packet of one connection."""

    reliable: ClassVar[bool] = True
    """The wire neither loses nor reorders it: what QUIC would repeat until it arrives."""

    connection: str

    def __len__(self) -> int:
        return DATAGRAM_OVERHEAD


@dataclass(frozen=True, slots=True)
class Greeting(MemoryPacket):
    """Opens a connection: the first flight of a handshake."""


@dataclass(frozen=True, slots=True)
class Identity(MemoryPacket):
    """Who the listener is: the second flight."""

    pin: str
    names: frozenset[str]


@dataclass(frozen=True, slots=True)
class Confirmation(MemoryPacket):
    """Ends the handshake: the dialer trusts the listener."""


@dataclass(frozen=True, slots=True)
class Datagram(MemoryPacket):
    """One DATAGRAM frame."""

    reliable: ClassVar[bool] = False

    payload: bytes

    def __len__(self) -> int:
        return DATAGRAM_OVERHEAD + len(self.payload)


@dataclass(frozen=True, slots=True)
class Control(MemoryPacket):
    """Bytes of the control stream."""

    data: bytes


@dataclass(frozen=True, slots=True)
class Ack(MemoryPacket):
    """So many more bytes of the control stream were taken."""

    size: int


@dataclass(frozen=True, slots=True)
class ExtraStream(MemoryPacket):
    """Opens a second stream, which no honest peer does."""


@dataclass(frozen=True, slots=True)
class Ping(MemoryPacket):
    """Keeps the connection alive and measures its round trip."""

    reliable: ClassVar[bool] = False

    sent_at: float


@dataclass(frozen=True, slots=True)
class Pong(MemoryPacket):
    """Answers a ping."""

    reliable: ClassVar[bool] = False

    sent_at: float


@dataclass(frozen=True, slots=True)
class Receipt(MemoryPacket):
    """Acknowledges the datagrams of a turn."""

    reliable: ClassVar[bool] = False


@dataclass(frozen=True, slots=True)
class Farewell(MemoryPacket):
    """Closes the connection, before or after its handshake."""

    end: SessionEnd
    text: str
