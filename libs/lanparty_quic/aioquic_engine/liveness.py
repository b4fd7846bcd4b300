"""Whether a peer is still there: the times of one connection that aioquic doesn't keep."""

from lanparty_quic.limits import EndpointLimits

__all__ = ["Liveness"]


class Liveness:
    """A handshake must be done in time, a connection must not fall silent: all in one clock."""

    __slots__ = (
        "_began_at",
        "_largest_acknowledged",
        "_limits",
        "_ping_at",
        "heard_at",
        "unacknowledged_since",
    )

    def __init__(self, limits: EndpointLimits, *, now: float) -> None:
        self._limits = limits
        self._began_at = now
        self._ping_at = now + limits.keep_alive
        self.heard_at = now
        """When the last genuine packet of the peer came."""
        self.unacknowledged_since: float | None = None
        """Since when nothing of what was sent has been acknowledged; None if nothing waits."""
        self._largest_acknowledged = 0

    def look_at_acknowledgements(self, *, largest: int, waiting: int, now: float) -> None:
        """Take the largest packet number acknowledged so far, and how many packets still wait.

        A packet that is given up for lost waits no more, but was not acknowledged either.
        """
        if largest > self._largest_acknowledged:
            self._largest_acknowledged = largest
            self.unacknowledged_since = None
        if waiting and self.unacknowledged_since is None:
            self.unacknowledged_since = now

    def spoke(self, *, now: float) -> None:
        """Note that packets leave: the next keep-alive is due a whole interval later."""
        self._ping_at = now + self._limits.keep_alive

    def handshake_is_late(self, *, now: float) -> bool:
        """Tell whether an unfinished handshake must be given up."""
        return now >= self._began_at + self._limits.handshake_timeout

    def ping_is_due(self, *, now: float) -> bool:
        """Tell whether the connection has been silent for as long as it may be."""
        return now >= self._ping_at

    def next_deadline(self, *, connected: bool) -> float:
        """When the one of the two that matters in this state turns true."""
        return self._ping_at if connected else self._began_at + self._limits.handshake_timeout
