"""Frames that come from the LAN again and again: a busy host's, or one that goes round in a loop.

Hosts repeat identical broadcasts: Windows three times within 750 ms, games 30 or 60 times a second.
So a repetition proves nothing, but it can be tried: a frame that has come often within a second is
held back. One that goes round then stays away, because it came only from what was sent into the
room; a host goes on sending it. So no frame goes round more than a few times, probes or not.

    fresh --more than 8 copies in a second--> held --comes later than 0.2 s--> innocent
                                                   --not until 0.4 s--> vanished
    innocent --more than 100 copies in a second--> held

That a host happens to fall silent just then says little; when several different frames, and those
of more than one host, vanish within two seconds, it is a loop. Reports of IGMP and messages of
ICMPv6 aren't counted: a player can have all hosts repeat them, by asking, and stop as he likes.
"""

from collections import deque
from dataclasses import dataclass
from typing import Final

from lanparty_ethernet import ETHERTYPE_IPV4

__all__ = ["Reappearing"]

_FRAMES_LIMIT: Final = 1_024
"""Different frames that are remembered at a time: 1.5 MB if they are large."""

_WINDOW: Final = 1.0
"""Seconds within which copies are counted."""

_SUSPICIOUS_COPIES: Final = 3
_FRESH_COPIES: Final = 8
_INNOCENT_COPIES: Final = 100

_IN_FLIGHT: Final = 0.2
"""Seconds for which copies may still be under way in a loop when one is held back."""

_VANISHED: Final = 0.4
"""Seconds after which a held frame doesn't come any more."""

_PROOF_WITHIN: Final = 2.0
_PROOF_FRAMES: Final = 4
_PROOF_SOURCES: Final = 2

_IPV4: Final = ETHERTYPE_IPV4.to_bytes(2)
_IPV4_PROTOCOL: Final = 14 + 9
_IGMP: Final = 2
_IPV6: Final = b"\x86\xdd"
_IPV6_NEXT_HEADER: Final = 14 + 6
_HOP_BY_HOP: Final = 0
"""It begins every report of multicast listeners (RFC 3810 section 5)."""
_ICMPV6: Final = 58

_SMALLEST_FRAME: Final = 60
"""What Ethernet pads to, so that a frame and its padded copy are one."""


@dataclass(slots=True)
class _Seen:
    window_began: float
    copies: int = 0
    allowed: int = _FRESH_COPIES
    held_since: float | None = None


class Reappearing:
    """Counts the copies of the broadcasts and multicasts that go from the LAN into the room."""

    def __init__(self, limit: int = _FRAMES_LIMIT) -> None:
        self._limit = limit
        self._seen: dict[bytes, _Seen] = {}
        """By frame, the longest unseen first."""
        self._held: dict[bytes, float] = {}
        """When it will have vanished unless it comes before, the soonest first."""
        self._vanished: deque[tuple[float, bytes]] = deque(maxlen=_FRAMES_LIMIT)
        """When, and whose source."""
        self._suspicious = False

    def __len__(self) -> int:
        return len(self._seen)

    def admits(self, frame: bytes, *, now: float) -> bool:
        """Count a copy that is about to go into the room; False holds it back."""
        key = frame if len(frame) >= _SMALLEST_FRAME else frame.ljust(_SMALLEST_FRAME, b"\0")
        seen = self._seen.pop(key, None)
        if seen is None:
            if len(self._seen) >= self._limit:
                oldest = next(iter(self._seen))
                del self._seen[oldest]
                self._held.pop(oldest, None)
            self._seen[key] = _Seen(now)
            return True
        self._seen[key] = seen
        if seen.held_since is not None:
            if now - seen.held_since < _IN_FLIGHT:
                return False
            # It comes although it wasn't sent into the room: a host's own.
            del self._held[key]
            seen.held_since = None
            seen.allowed = _INNOCENT_COPIES
            seen.window_began, seen.copies = now, 0
            return True
        if now - seen.window_began >= _WINDOW:
            seen.window_began, seen.copies = now, 0
        seen.copies += 1
        if seen.copies == _SUSPICIOUS_COPIES and seen.allowed == _FRESH_COPIES:
            self._suspicious = True
        if seen.copies <= seen.allowed:
            return True
        seen.held_since = now
        self._held[key] = now + _VANISHED
        return False

    def finds_loop(self, *, now: float) -> bool:
        """Look at the held frames that have vanished; True if they prove a loop."""
        while self._held:
            key = next(iter(self._held))
            if now < self._held[key]:
                break
            del self._held[key]
            del self._seen[key]
            if not _is_asked_for(key):
                self._vanished.append((now, key[6:12]))
        while self._vanished and self._vanished[0][0] <= now - _PROOF_WITHIN:
            self._vanished.popleft()
        if len(self._vanished) < _PROOF_FRAMES:
            return False
        return len({source for _, source in self._vanished}) >= _PROOF_SOURCES

    def take_suspicion(self) -> bool:
        """Whether a frame has come a third time within a second since the last look.

        That is worth a probe at once.
        """
        suspicious, self._suspicious = self._suspicious, False
        return suspicious

    def next_deadline(self) -> float | None:
        """When `finds_loop` may find something new."""
        return next(iter(self._held.values()), None)

    def clear(self) -> None:
        """Forget all: nothing has gone into the room lately."""
        self._seen.clear()
        self._held.clear()
        self._vanished.clear()
        self._suspicious = False


def _is_asked_for(frame: bytes) -> bool:
    kind = frame[12:14]
    if kind == _IPV4:
        return frame[_IPV4_PROTOCOL] == _IGMP
    return kind == _IPV6 and frame[_IPV6_NEXT_HEADER] in (_HOP_BY_HOP, _ICMPV6)
