"""Frame logs on demand: which datagrams a room or one of its peers sent and got, for a while.

A log holds a bounded number of records until its reader takes them, and counts what it had to pass
over for its rate or because the reader was slow. Who isn't read goes by itself. The switch looks
once a batch whether a room has a log, so that no log costs nothing.
"""

from collections import deque
from collections.abc import Iterable
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Final

from lanparty_ethernet import read_header_fields
from lanparty_obs.frame_log import FrameDirection, FrameLogged, FrameSampler
from lanparty_obs.reasons import Cast, IngressDrop
from lanparty_proto import HEADER_LENGTH, ProtoError, decode
from lanparty_relay.core.deadlines import Deadlines
from lanparty_relay.core.members import Member
from lanparty_relay.core.rooms import RoomRegistry

__all__ = [
    "FRAMES_HELD",
    "FRAMES_PER_SECOND_CEILING",
    "FRAME_LOGS",
    "FrameLogEnd",
    "FrameLogRefusal",
    "FrameLogs",
    "FramesRead",
]

FRAME_LOGS: Final = 4
"""At once on one relay: some operators at work, not a recording of everything."""

FRAMES_PER_SECOND_CEILING: Final = 200
"""Of one log: a record costs as much as forwarding a frame or two."""

FRAMES_HELD: Final = 256
"""Records that wait for their reader: a second's at the highest rate."""

_UNREAD_SECONDS: Final = 5.0
"""After which a log's reader is gone; it reads several times a second."""


class FrameLogRefusal(StrEnum):
    """Why there is no log."""

    NO_SUCH_ROOM = "no_such_room"
    NO_SUCH_PEER = "no_such_peer"
    TOO_MANY = "too_many"
    """`FRAME_LOGS` are open."""


class FrameLogEnd(StrEnum):
    """Why a log goes on no more."""

    ROOM_CLOSED = "room_closed"
    PEER_LEFT = "peer_left"
    NOT_READ = "not_read"
    """Nobody read it in time, so that it went."""


@dataclass(frozen=True, slots=True)
class FramesRead:
    """What a reader takes from a log."""

    frames: tuple[FrameLogged, ...]
    passed_over: int
    """Datagrams behind the last of these that aren't in the log."""
    end: FrameLogEnd | None
    """Set if nothing follows: the log is closed."""


@dataclass(slots=True, kw_only=True)
class _FrameLog:
    room_id: str
    peer_id: int | None
    """None for the whole room."""
    sampler: FrameSampler
    held: deque[FrameLogged] = field(default_factory=deque)


class FrameLogs:
    """The logs that are open, by their ids."""

    def __init__(self, registry: RoomRegistry) -> None:
        self._registry: Final = registry
        self._logs: Final[dict[int, _FrameLog]] = {}
        self._by_room: Final[dict[str, list[_FrameLog]]] = {}
        self._unread: Final[Deadlines[int]] = Deadlines(_UNREAD_SECONDS)
        self._last_id = 0

    def open(
        self, room_id: str, peer_id: int | None, *, frames_per_second: int, now: float
    ) -> int | FrameLogRefusal:
        """Begin a log of a room, or of one of its peers, and return its id."""
        room = self._registry.find(room_id)
        if room is None:
            return FrameLogRefusal.NO_SUCH_ROOM
        if peer_id is not None and peer_id not in room.members:
            return FrameLogRefusal.NO_SUCH_PEER
        if len(self._logs) >= FRAME_LOGS:
            return FrameLogRefusal.TOO_MANY
        rate = min(frames_per_second, FRAMES_PER_SECOND_CEILING)
        self._last_id += 1
        log = _FrameLog(
            room_id=room_id,
            peer_id=peer_id,
            sampler=FrameSampler(per_second=rate, burst=rate),
        )
        self._logs[self._last_id] = log
        self._by_room.setdefault(room_id, []).append(log)
        self._unread.set(self._last_id, now=now)
        return self._last_id

    def read(self, log_id: int, *, now: float) -> FramesRead:
        """Take what a log holds, oldest first, and keep it open for some seconds more."""
        log = self._logs.get(log_id)
        if log is None:
            return FramesRead((), 0, FrameLogEnd.NOT_READ)
        frames = tuple(log.held)
        log.held.clear()
        passed_over, log.sampler.passed_over = log.sampler.passed_over, 0
        end = self._end_of(log)
        if end is None:
            self._unread.set(log_id, now=now)
        else:
            self.close(log_id)
        return FramesRead(frames, passed_over, end)

    def close(self, log_id: int) -> None:
        """End a log, if it is open."""
        log = self._logs.pop(log_id, None)
        if log is None:
            return
        self._unread.clear(log_id)
        of_room = self._by_room[log.room_id]
        of_room.remove(log)
        if not of_room:
            del self._by_room[log.room_id]

    def watches(self, room_id: str) -> bool:
        """Whether the room, or a peer of it, has a log."""
        return room_id in self._by_room

    def note(
        self,
        ingress: Member,
        datagram: bytes,
        reason: Cast | IngressDrop,
        destinations: Iterable[Member],
        *,
        now: float,
    ) -> None:
        """Record a datagram that was judged in the logs that it concerns.

        `destinations` are the members that get a copy, none if `reason` is one to drop.
        """
        peers = {member.peer_id for member in destinations}
        for log in self._by_room[ingress.room.room_id]:
            if log.peer_id is None or log.peer_id == ingress.peer_id:
                direction = FrameDirection.FROM_PEER
            elif log.peer_id in peers:
                direction = FrameDirection.TO_PEER
            else:
                continue
            if len(log.held) >= FRAMES_HELD:
                log.sampler.pass_over()
            elif (passed_over := log.sampler.sample(now=now)) is not None:
                log.held.append(
                    _record(
                        datagram,
                        at=now,
                        direction=direction,
                        peer=ingress.peer_id,
                        reason=reason,
                        destinations=len(peers),
                        passed_over=passed_over,
                    )
                )

    def handle_timer(self, *, now: float) -> None:
        """Close the logs that nobody reads."""
        for log_id in self._unread.take_due(now=now):
            self.close(log_id)

    def next_deadline(self) -> float | None:
        """When `handle_timer` has something to do."""
        return self._unread.next_deadline()

    def _end_of(self, log: _FrameLog) -> FrameLogEnd | None:
        room = self._registry.find(log.room_id)
        if room is None:
            return FrameLogEnd.ROOM_CLOSED
        if log.peer_id is not None and log.peer_id not in room.members:
            return FrameLogEnd.PEER_LEFT
        return None


def _record(
    datagram: bytes,
    *,
    at: float,
    direction: FrameDirection,
    peer: int,
    reason: Cast | IngressDrop,
    destinations: int,
    passed_over: int,
) -> FrameLogged:
    try:
        overlay = decode(datagram)
    except ProtoError:
        frame, piece_offset = memoryview(datagram)[HEADER_LENGTH:], None
        fields = read_header_fields(b"")
    else:
        frame = overlay.frame
        piece_offset = None if overlay.frame_id is None else overlay.offset
        fields = read_header_fields(frame, has_packet=not overlay.offset)
    return FrameLogged(
        at=at,
        direction=direction,
        peer=peer,
        cast=reason if isinstance(reason, Cast) else None,
        dropped=reason if isinstance(reason, IngressDrop) else None,
        destinations=destinations,
        length=len(frame),
        piece_offset=piece_offset,
        destination=fields.destination,
        source=fields.source,
        ethertype=fields.ethertype,
        vlan=fields.vlan,
        source_address=fields.packet.source_address,
        destination_address=fields.packet.destination_address,
        protocol=fields.packet.protocol,
        source_port=fields.packet.source_port,
        destination_port=fields.packet.destination_port,
        arp=fields.packet.arp,
        passed_over=passed_over,
    )
