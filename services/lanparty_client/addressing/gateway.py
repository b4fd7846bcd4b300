"""Whether the room has a gateway; a short absence doesn't count."""

from typing import Final

__all__ = ["GATEWAY_GRACE", "GatewayPresence"]

GATEWAY_GRACE: Final = 5.0
"""Seconds. A gateway that reconnects, or a relay that starts again, is back sooner; an address of
the LAN that went and came back would break what runs over it."""


class GatewayPresence:
    """Follows the gateway of a room."""

    def __init__(self) -> None:
        self._peer: int | None = None
        self._gone_at: float | None = None

    @property
    def peer(self) -> int | None:
        """The gateway's peer id, or None."""
        return self._peer

    def follow(self, peer: int | None, *, now: float) -> bool:
        """Take who is the gateway now; tell whether one has come, or come in place of another."""
        if peer == self._peer:
            return False
        if peer is None:
            self._gone_at = now
        self._peer = peer
        return peer is not None

    def counts(self, *, now: float) -> bool:
        """There is one, or there was one a moment ago."""
        if self._peer is not None:
            return True
        if self._gone_at is not None and now >= self._gone_at + GATEWAY_GRACE:
            self._gone_at = None
        return self._gone_at is not None

    def next_deadline(self) -> float | None:
        """When its absence begins to count."""
        if self._peer is not None or self._gone_at is None:
            return None
        return self._gone_at + GATEWAY_GRACE
