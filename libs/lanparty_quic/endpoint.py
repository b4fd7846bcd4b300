"""The seam between softlan and a QUIC engine: one endpoint with all its connections.

An endpoint owns one local UDP address and any number of connections, accepted or dialed. It is
driven in turns. In each turn the driver (`lanparty_quic.loop` for sockets,
`lanparty_quic.simulation` for tests) lets the endpoint take what arrived, then calls its consumer,
which

    1. takes `events()` and `datagrams()`,
    2. answers with `queue()` and `send_control()`,
    3. calls `flush()`, which writes every touched connection once,
    4. takes `outcomes()` of what was queued, now or earlier.

Every `take` verb empties its list. No verb blocks, waits or raises for what a remote peer did:
that comes as an event. A connection key that is unknown or closed is ignored by every verb that
sends and is `None` for every verb that asks, because a peer may vanish between two lines.
"""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from typing import NewType, Protocol, TypeAlias

from lanparty_obs.codes import SessionEnd
from lanparty_obs.reasons import EgressDrop, HandshakeFailure, PacketDrop

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
    "EndpointStatistics",
    "ExtraStreamOpened",
    "Flow",
    "HandshakeStatistics",
    "Outcome",
    "PathRefused",
    "PinnedKey",
    "Received",
    "Send",
    "Trust",
]

ConnectionKey = NewType("ConnectionKey", int)
"""Names a connection of one endpoint; never given twice in the endpoint's life."""

Flow: TypeAlias = int
"""Names a sub-queue of a destination: the peer id of the frame's source."""

Address: TypeAlias = tuple[str, int]
"""Host (numeric, an IPv4 address never in its IPv6-mapped spelling) and UDP port."""


@dataclass(frozen=True, slots=True)
class PinnedKey:
    """Trust exactly the certificate whose SubjectPublicKeyInfo has this pin, and no authority."""

    pin: str
    """`sha256:` and base64url, without padding, of SHA-256 over the SubjectPublicKeyInfo."""


@dataclass(frozen=True, slots=True)
class CertificateAuthority:
    """Trust a certificate for the dialed name that chains to the system's or these authorities."""

    certificates: str | None = None
    """The authorities' own, in PEM (RFC 7468): at least one, and all readable. The system's store
    when None."""


Trust: TypeAlias = PinnedKey | CertificateAuthority


@dataclass(frozen=True, slots=True)
class Connected:
    """The handshake is complete; on a dialed connection the relay's identity has been checked."""

    connection: ConnectionKey
    address: Address


@dataclass(frozen=True, slots=True)
class ControlReceived:
    """Bytes of the control stream, in order, cut anywhere."""

    connection: ConnectionKey
    data: bytes


@dataclass(frozen=True, slots=True)
class ExtraStreamOpened:
    """The peer opened a stream beside the control stream, or ended it: a protocol error."""

    connection: ConnectionKey


@dataclass(frozen=True, slots=True)
class AddressChanged:
    """The peer's packets come from another address now; its session goes on (RFC 9000, 9)."""

    connection: ConnectionKey
    address: Address


@dataclass(frozen=True, slots=True)
class ConnectionClosed:
    """The last event of a connection. What was queued for it has its outcomes already."""

    connection: ConnectionKey
    end: SessionEnd
    text: str
    """For a log line; may come from the peer, so it is untrusted and at most 256 characters."""
    by_peer: bool


@dataclass(frozen=True, slots=True)
class PathRefused:
    """Somebody says that nobody listens at the address of a dialed connection.

    It may be a lie: ICMP proves nothing (RFC 9000 section 14.2, RFC 5927). The connection goes on.
    """

    connection: ConnectionKey


EndpointEvent: TypeAlias = (
    Connected
    | ControlReceived
    | ExtraStreamOpened
    | AddressChanged
    | PathRefused
    | ConnectionClosed
)


@dataclass(frozen=True, slots=True)
class Received:
    """The datagrams that one connection brought in this turn, in order of arrival."""

    connection: ConnectionKey
    payloads: list[bytes]


Send: TypeAlias = tuple[ConnectionKey, Flow, bytes]
"""One copy of an overlay datagram for one destination. The payload is shared, never changed."""

Cutter: TypeAlias = Callable[[bytes, int, int], Sequence[bytes]]
"""`cutter(payload, budget, serial)` returns the pieces, of at most `budget` bytes each, that carry
what `payload` carries; none if it can't be cut so. An endpoint that is made with one calls it when
a copy that is over its destination's budget is about to leave, and sends the pieces in its place:
the copy is sent when all of them were, and lost with the first that is lost. A piece is given to it
again if the budget has shrunk meanwhile. `serial` counts the cuts for one destination, 32 bits, and
begins elsewhere for each connection."""


@dataclass(frozen=True, slots=True)
class Outcome:
    """What became of queued copies. Every queued copy has exactly one outcome, also at a close."""

    connection: ConnectionKey
    flow: Flow
    reason: EgressDrop | None
    """None: the engine took them into packets."""
    count: int
    size: int
    """Sum of their payload bytes, as queued."""
    cut: int = 0
    """How many of them were sent in pieces; 0 if they were dropped."""
    pieces: int = 0
    """Pieces that left for those that had been cut, also if the rest of such a copy was dropped."""


@dataclass(frozen=True, slots=True)
class ConnectionStatistics:
    """A connection at this moment."""

    address: Address
    datagram_budget: int
    """Largest payload, in bytes, that one datagram can carry on this path now, and that the peer
    is known to accept."""
    packet_size: int
    """Largest packet, as bytes of UDP payload, that this side sends on this path now."""
    round_trip_time: float | None
    """Smoothed, in seconds; None before the first sample."""
    shortest_round_trip: float | None
    """Seconds: the path's own, without what a busy machine adds (RFC 9002 section 5.2). Engines
    may call a millisecond what is less."""
    queued: int
    """Copies waiting in this endpoint for this connection."""
    control_backlog: int
    """Control bytes handed to `send_control` that the peer has not acknowledged."""
    packets_lost: int
    """QUIC packets that this side declared lost (RFC 9002)."""
    heard_at: float
    """When the last packet of the peer came, in the clock of `now`."""
    unacknowledged_since: float | None = None
    """Since when something that was sent waits for any acknowledgement; None if nothing does.

    Each acknowledgement of something new begins the time anew. Handshakes don't count.
    """
    payloads_discarded: int = 0
    """Payloads that were counted as sent and never left: the path became too small for them."""


@dataclass(frozen=True, slots=True)
class HandshakeStatistics:
    """The handshakes of accepted connections since the endpoint was made.

    Begun = completed + failed + pending. A first packet that is refused, or whose sender is asked
    to prove its address, begins none.
    """

    pending: int = 0
    """Begun and not complete."""
    unproven: int = 0
    """Of these, whose clients have not proven their address."""
    completed: int = 0
    failed: dict[HandshakeFailure, int] = field(
        default_factory=lambda: dict.fromkeys(HandshakeFailure, 0)
    )
    retry: bool = False
    """New clients have to prove their address now (RFC 9000 section 8.1.2)."""


@dataclass(frozen=True, slots=True)
class EndpointHolds:
    """What an endpoint holds now that peers could make grow; `EndpointLimits` bound it."""

    packets_waiting: int = 0
    """Received, and not taken in yet."""
    bytes_queued: int = 0
    """Of copies that wait for destinations: each copy's, with what it costs beside."""
    packets_in_flight: int = 0
    """Sent, and not acknowledged yet."""


@dataclass(frozen=True, slots=True)
class EndpointStatistics:
    """The endpoint's own counters since it was made."""

    packets_received: int
    """= routed + dropped + those that wait for their connection's turn."""
    packets_routed: int
    """Taken by a connection."""
    packets_sent: int
    packets_dropped: dict[PacketDrop, int]
    socket_overflows: int
    """Packets that the kernel dropped because the socket's buffer was full (SO_RXQ_OVFL)."""
    connections: int
    handshakes: HandshakeStatistics = field(default_factory=HandshakeStatistics)
    holds: EndpointHolds = field(default_factory=EndpointHolds)


class Endpoint(Protocol):
    """One UDP address and its QUIC connections. See the module for how a turn goes."""

    @property
    def local_address(self) -> Address:
        """The bound address, with the port that the system chose if 0 was asked for."""
        ...

    def dial(
        self, address: Address, *, server_name: str, trust: Trust, now: float
    ) -> ConnectionKey:
        """Begin a connection. `Connected` follows when `trust` holds, else `ConnectionClosed`."""
        ...

    def charge(self, connection: ConnectionKey, work: int) -> None:
        """Count work that a connection's datagrams caused: one for each copy that was queued.

        What comes in is taken by turns of work, so that who floods a room waits for the others.
        """
        ...

    def events(self) -> list[EndpointEvent]:
        """Take what happened, in order for each connection."""
        ...

    def datagrams(self) -> list[Received]:
        """Take the datagrams that came in, at most one entry for each connection."""
        ...

    def limit_datagrams(self, connection: ConnectionKey, size: int) -> None:
        """Send this connection's peer no payload over `size` bytes: it said that it takes no more.

        What is larger is cut if the endpoint has a cutter, and dropped as over budget if not. Nor
        are packets tried that are larger than such a payload needs.
        """
        ...

    def queue(self, sends: Iterable[Send], *, now: float) -> None:
        """Queue copies; they leave at `flush` or later, and each gets an outcome."""
        ...

    def send_control(self, connection: ConnectionKey, data: bytes) -> None:
        """Append bytes to the control stream; a dialed connection opens it with the first."""
        ...

    def close_connection(self, connection: ConnectionKey, *, end: SessionEnd, text: str) -> None:
        """Deliver pending control bytes as far as one flight goes, then close (RFC 9000 10.2)."""
        ...

    def flush(self, *, now: float) -> None:
        """Write what is due on every touched connection, destinations before acknowledgements."""
        ...

    def outcomes(self) -> list[Outcome]:
        """Take the outcomes that became known."""
        ...

    def statistics(self, connection: ConnectionKey) -> ConnectionStatistics | None:
        """Look at a connection; None once it is closed."""
        ...

    def endpoint_statistics(self) -> EndpointStatistics:
        """Look at the endpoint."""
        ...


class Consumer(Protocol):
    """Who uses an endpoint: the relay's or a player's session logic. It never waits."""

    def serve(self, *, now: float) -> None:
        """One turn: see the module. Called after arrivals and when `next_deadline` has come."""
        ...

    def next_deadline(self) -> float | None:
        """When `serve` must be called at the latest, in the clock of `now`; None for never."""
        ...
