"""Which MAC addresses live on the LAN: the learning table of the bridge."""

from typing import Final

__all__ = ["AGEING_SECONDS", "TABLE_LIMIT", "LanTable"]

AGEING_SECONDS: Final = 300.0
"""The default ageing time of a bridge (IEEE 802.1Q-2022 table 8-9)."""

TABLE_LIMIT: Final = 4_096
"""More hosts than a home's or a hall's LAN has; about 0.6 MB if a flood fills it."""


class LanTable:
    """Remembers sources of the LAN until `AGEING_SECONDS` after they were last seen.

    When it is full, the one that was longest unseen goes: only invented addresses come and go so
    fast, and what the bridge decides without an entry is safe. Every operation is O(1).
    """

    def __init__(self, limit: int = TABLE_LIMIT) -> None:
        self._limit = limit
        self._seen_at: dict[bytes, float] = {}
        """The longest unseen comes first."""
        self.evicted = 0
        """Entries that went before their time, because the table was full."""
        self.moves = 0
        """Addresses that went into the room."""

    def __contains__(self, mac: bytes) -> bool:
        """Whether there is an entry, be it too old: `expire` lets go of those."""
        return mac in self._seen_at

    def __len__(self) -> int:
        return len(self._seen_at)

    def learn(self, mac: bytes, *, now: float) -> None:
        """Note that `mac` sent something on the LAN. The caller keeps players' addresses away."""
        seen_at = self._seen_at
        if seen_at.pop(mac, None) is None and len(seen_at) >= self._limit:
            oldest = next(iter(seen_at))
            if now - seen_at.pop(oldest) < AGEING_SECONDS:
                self.evicted += 1
        seen_at[mac] = now

    def knows(self, mac: bytes, *, now: float) -> bool:
        """Whether `mac` sent something on the LAN within the last `AGEING_SECONDS`."""
        at = self._seen_at.get(mac)
        return at is not None and now - at < AGEING_SECONDS

    def give_up(self, mac: bytes) -> None:
        """Leave an address to the player who has it now, and whose it may have been all along."""
        self._seen_at.pop(mac, None)
        self.moves += 1

    def clear(self) -> None:
        """Forget all: the interface may be on another LAN now."""
        self._seen_at.clear()

    def expire(self, *, now: float) -> None:
        """Let go of what is too old; what isn't is never looked at."""
        seen_at = self._seen_at
        while seen_at:
            oldest = next(iter(seen_at))
            if now - seen_at[oldest] < AGEING_SECONDS:
                return
            del seen_at[oldest]
