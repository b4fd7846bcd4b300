"""The MAC addresses that have been seen as sources behind a room's gateway."""

from typing import Final

__all__ = ["LEARNED_LIMIT", "LEARNED_SECONDS", "LearnedMacs"]

LEARNED_SECONDS: Final = 300.0
"""The default ageing time of a bridge (IEEE 802.1Q-2022 table 8-9)."""

LEARNED_LIMIT: Final = 4_096
"""More stations than a home's or a hall's LAN has; about 0.6 MB if a room fills it."""


class LearnedMacs:
    """Remembers addresses for `LEARNED_SECONDS` after they were last seen, at most so many.

    When it is full of fresh addresses a new one isn't learned: a flood of invented sources can't
    push the real ones out, and frames for an unlearned one go to the gateway all the same.
    """

    def __init__(self, limit: int = LEARNED_LIMIT) -> None:
        self._limit: Final = limit
        self._seen_at: dict[bytes, float] = {}
        """The longest unseen comes first."""

    def __len__(self) -> int:
        return len(self._seen_at)

    def learn(self, mac: bytes, *, now: float) -> None:
        """Note that `mac` was seen."""
        seen_at = self._seen_at
        if seen_at.pop(mac, None) is None and len(seen_at) >= self._limit:
            longest_unseen = next(iter(seen_at))
            if now - seen_at[longest_unseen] < LEARNED_SECONDS:
                return
            del seen_at[longest_unseen]
        seen_at[mac] = now

    def knows(self, mac: bytes, *, now: float) -> bool:
        """Whether `mac` was seen within the last `LEARNED_SECONDS`."""
        at = self._seen_at.get(mac)
        return at is not None and now - at < LEARNED_SECONDS

    def clear(self) -> None:
        """Forget all of them: the gateway left."""
        self._seen_at.clear()
