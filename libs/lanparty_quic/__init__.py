"""QUIC endpoints for softlan: the seam, and behind it engines, queues, a loop and a simulation.

The front of the package is the seam alone, so that pure code may import it:

    lanparty_quic.simulation    endpoints in memory on a simulated clock
    lanparty_quic.loop          endpoints on UDP sockets under asyncio
    lanparty_quic.identity      certificates and their pins
"""

from lanparty_quic.endpoint import (
    Address,
    AddressChanged,
    CertificateAuthority,
    Connected,
    ConnectionClosed,
    ConnectionKey,
    ConnectionStatistics,
    Consumer,
    ControlReceived,
    Cutter,
    Endpoint,
    EndpointEvent,
    EndpointHolds,
    EndpointStatistics,
    ExtraStreamOpened,
    Flow,
    HandshakeStatistics,
    Outcome,
    PathRefused,
    PinnedKey,
    Received,
    Send,
    Trust,
)
from lanparty_quic.limits import EndpointLimits, QueueLimits

__all__ = [
    "Address",
    "AddressChanged",
    "CertificateAuthority",
    "Connected",
    "ConnectionClosed",
    "ConnectionKey",
    "ConnectionStatistics",
    "Consumer",
    "ControlReceived",
    "Cutter",
    "Endpoint",
    "EndpointEvent",
    "EndpointHolds",
    "EndpointLimits",
    "EndpointStatistics",
    "ExtraStreamOpened",
    "Flow",
    "HandshakeStatistics",
    "Outcome",
    "PathRefused",
    "PinnedKey",
    "QueueLimits",
    "Received",
    "Send",
    "Trust",
]
