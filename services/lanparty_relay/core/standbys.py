"""The gateways that wait for a room's place, and when their rooms' gateways are to be asked.

The place is handed on when its holder leaves, and also when the holder is silent. So while somebody
waits, the relay pings the holder every `_LOOK_SECONDS`, and those who wait as well: a place must
not go to a session whose peer has lost its network too, and when nobody answers it is the relay
that is cut off. Any packet is an answer; `HearingWatch` counts the looks without one. Looks are
counted, not seconds, so that a relay that was held up itself finds nobody silent; and they come
with the clock alone, so that nobody's coming and going makes them come faster.
"""

from typing import Final

from lanparty_relay.core.deadlines import Deadlines
from lanparty_relay.core.rooms import Room
from lanparty_relay.core.session import ControlSession

__all__ = ["STANDBYS_PER_ROOM", "Standbys"]

STANDBYS_PER_ROOM: Final = 8
"""More than a household has; each costs two pings a second."""

_LOOK_SECONDS: Final = 0.5
"""Four looks without an answer are the two seconds after which a silent gateway is replaced: one
lost packet must not do it."""


class Standbys:
    """Who waits where, the longest waiting first. Changes nothing but its own lists."""

    def __init__(self) -> None:
        self._waiting: dict[Room, list[ControlSession]] = {}
        self._room_of: dict[ControlSession, Room] = {}
        self._looks: Final[Deadlines[Room]] = Deadlines(_LOOK_SECONDS)

    def waiting(self, room: Room) -> tuple[ControlSession, ...]:
        """Those who wait in a room."""
        return tuple(self._waiting.get(room, ()))

    def add(self, room: Room, session: ControlSession, *, now: float) -> None:
        """Let a session wait; the first one's room is looked at from now on."""
        self._waiting.setdefault(room, []).append(session)
        self._room_of[session] = room
        if room not in self._looks:
            self._looks.set(room, now=now)

    def withdraw(self, session: ControlSession) -> Room | None:
        """Forget a session; returns the room in which it waited, if it did."""
        room = self._room_of.pop(session, None)
        if room is not None:
            self._waiting[room].remove(session)
            if not self._waiting[room]:
                del self._waiting[room]
                self._looks.clear(room)
        return room

    def successor(self, room: Room) -> ControlSession | None:
        """Return the longest waiting that is heard; without one, the longest waiting or nobody."""
        waiting = self.waiting(room)
        longest = next(iter(waiting), None)
        return next((session for session in waiting if session.hearing.is_heard), longest)

    def is_anybody_heard(self, room: Room) -> bool:
        """Tell whether somebody who waits is within the relay's reach."""
        return any(session.hearing.is_heard for session in self.waiting(room))

    def longest_silent(self, room: Room) -> ControlSession | None:
        """Return one that has been silent for so long that another may have its turn."""
        return next((each for each in self.waiting(room) if each.hearing.is_silent), None)

    def take_due(self, *, now: float) -> list[Room]:
        """Take the rooms that are to be looked at, and begin their next wait."""
        due = self._looks.take_due(now=now)
        for room in due:
            self._looks.set(room, now=now)
        return due

    def next_deadline(self) -> float | None:
        """When `take_due` has something."""
        return self._looks.next_deadline()
