"""Peer ids of one room: 1 to 65,535, none given again within a minute of its holder's leave."""

from typing import Final

from lanparty_relay.core.limits import PEER_ID_REST_SECONDS

__all__ = ["LARGEST_PEER_ID", "PeerIds"]

LARGEST_PEER_ID: Final = 0xFFFF
"""Sixteen bits of the overlay header; 0 is reserved."""


class PeerIds:
    """Gives ids in turn, so that a freed one rests as long as possible."""

    def __init__(self, largest: int = LARGEST_PEER_ID) -> None:
        self._largest: Final = largest
        self._last = 0
        self._held: set[int] = set()
        self._freed_at: dict[int, float] = {}
        """In the order of leaving, so that what has rested enough comes first."""

    def take(self, *, now: float) -> int | None:
        """Give an id; None if every one is held or resting."""
        if not self.has_free(now=now):
            return None
        candidate = self._last
        while True:
            candidate = candidate % self._largest + 1
            if candidate not in self._held and candidate not in self._freed_at:
                break
        self._last = candidate
        self._held.add(candidate)
        return candidate

    def has_free(self, *, now: float) -> bool:
        """Whether `take` would give one."""
        self._end_rests(now)
        return len(self._held) + len(self._freed_at) < self._largest

    def free(self, peer_id: int, *, now: float) -> None:
        """Let a held id rest."""
        self._held.remove(peer_id)
        self._freed_at[peer_id] = now

    def _end_rests(self, now: float) -> None:
        while self._freed_at:
            longest_resting = next(iter(self._freed_at))
            if now - self._freed_at[longest_resting] < PEER_ID_REST_SECONDS:
                return
            del self._freed_at[longest_resting]
