"""One connection of a `MemoryEndpoint`: what it knows of its peer, and when it must act."""

from lanparty_obs.codes import SessionEnd
from lanparty_quic.endpoint import Address, ConnectionKey, PinnedKey, Trust
from lanparty_quic.limits import EndpointLimits
from lanparty_quic.memory_packets import DATAGRAM_OVERHEAD, Identity
from lanparty_quic.send_queue import SendQueue

__all__ = ["MemoryConnection"]


class MemoryConnection:
    """State of one side of a connection; `MemoryEndpoint` moves the packets."""

    def __init__(
        self,
        key: ConnectionKey,
        name: str,
        address: Address,
        queue: SendQueue,
        limits: EndpointLimits,
        *,
        now: float,
    ) -> None:
        self.key = key
        self.name = name
        self.address = address
        self.queue = queue
        self.connected = False
        self.closing: tuple[SessionEnd, str] | None = None
        self.trust: Trust | None = None
        """What a dialed connection demands of its listener; None for an accepted one."""
        self.control_pending = bytearray()
        self.control_received = bytearray()
        self.control_unacknowledged = 0
        self.hold_control = False
        self.round_trip_time: float | None = None
        self.shortest_round_trip: float | None = None
        self.began_at = now
        self.heard_at = now
        self.sent_at = now
        self.may_send_at = now
        self.unacknowledged_since: float | None = None
        self.owes_receipt = False
        self._path_budget = queue.budget
        self._server_name = ""
        self._limits = limits

    def expect(self, server_name: str, trust: Trust) -> None:
        """Say whom a dialed connection wants to find."""
        self._server_name = server_name
        self.trust = trust

    def reason_to_distrust(self, identity: Identity) -> SessionEnd | None:
        """Compare the listener with what was asked for; None when it is the one."""
        if isinstance(self.trust, PinnedKey):
            return None if self.trust.pin == identity.pin else SessionEnd.PIN
        return None if self._server_name in identity.names else SessionEnd.CERTIFICATE

    @property
    def packet_size(self) -> int:
        """Largest packet that is sent now."""
        return self._path_budget + DATAGRAM_OVERHEAD

    def set_budget(self, budget: int) -> None:
        """Change what the path carries."""
        self._path_budget = budget
        self.queue.budget = budget

    def measure(self, sample: float) -> None:
        """Smooth a round-trip sample (RFC 9002 section 5.3)."""
        if self.round_trip_time is None or self.shortest_round_trip is None:
            self.round_trip_time = self.shortest_round_trip = sample
        else:
            self.round_trip_time += (sample - self.round_trip_time) / 8
            self.shortest_round_trip = min(self.shortest_round_trip, sample)

    def reason_to_give_up(self, *, now: float) -> SessionEnd | None:
        """Tell whether the peer has been silent for too long."""
        if now < self._gives_up_at():
            return None
        if not self.connected:
            return SessionEnd.RELAY_UNREACHABLE
        return SessionEnd.IDLE if self.trust is None else SessionEnd.CONNECTION_LOST

    def next_ping(self) -> float:
        """When the peer would otherwise have heard nothing for too long."""
        return self.sent_at + self._limits.keep_alive

    def next_deadline(self) -> float:
        """When this connection has something to do."""
        deadline = self._gives_up_at()
        if self.connected:
            deadline = min(deadline, self.next_ping())
        expiry = self.queue.next_deadline()
        if expiry is not None and self.connected:
            deadline = min(deadline, expiry, self.may_send_at)
        return deadline

    def _gives_up_at(self) -> float:
        if self.connected:
            return self.heard_at + self._limits.idle_timeout
        return self.began_at + self._limits.handshake_timeout
