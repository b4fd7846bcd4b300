"""What the shell has to do on the control plane, in the order in which it was decided."""

from dataclasses import dataclass, field
from typing import TypeAlias

from lanparty_obs.codes import SessionEnd
from lanparty_quic.endpoint import ConnectionKey

__all__ = ["Action", "CloseConnection", "LimitDatagrams", "SendControl"]


@dataclass(frozen=True, slots=True)
class SendControl:
    """Append bytes to the connection's control stream."""

    connection: ConnectionKey
    data: bytes = field(repr=False)
    """Holds secrets: room codes and resume tokens."""


@dataclass(frozen=True, slots=True)
class CloseConnection:
    """Close the connection once what was sent before has had its flight."""

    connection: ConnectionKey
    end: SessionEnd
    text: str


@dataclass(frozen=True, slots=True)
class LimitDatagrams:
    """Send the connection no larger datagrams than its endpoint accepts."""

    connection: ConnectionKey
    size: int
    """Of an overlay datagram, in bytes."""


Action: TypeAlias = SendControl | CloseConnection | LimitDatagrams
