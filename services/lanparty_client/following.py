"""Whom an event of the session concerns: the place on disk, the rules for addresses, the player."""

from lanparty_client.room_interface import RoomInterface
from lanparty_client_core import (
    LastingSession,
    LeaseChanged,
    MemberChanged,
    MemberJoined,
    MemberLeft,
    SessionEvent,
    SessionState,
    StateChanged,
    Welcomed,
)
from lanparty_ctrl import Role
from lanparty_endpoint.arrival import Arrival
from lanparty_endpoint.place import Place

__all__ = ["EventFollower"]


class EventFollower:
    """Called with each event, in order. Raises `ResumeStoreError` if the place can't be kept."""

    def __init__(self, place: Place, interface: RoomInterface, arrival: Arrival) -> None:
        self._place = place
        self._interface = interface
        self._arrival = arrival

    def __call__(self, event: SessionEvent, session: LastingSession, *, now: float) -> None:
        """Pass an event on; `now` is of the session's clock."""
        addressing = self._interface.addressing
        match event:
            case Welcomed(welcome=welcome):
                self._place.remember(welcome, self._interface.mac)
            case StateChanged(state=SessionState.JOINED) if session.welcome is not None:
                addressing.joined(lease=session.lease, gateway=_gateway(session), now=now)
                self._arrival.handle_joined(session.welcome, now=now)
            case StateChanged(state=state) if not state.is_over:
                if state is SessionState.RECONNECTING:
                    addressing.disconnected(now=now)
                self._arrival.handle_state(state, session.sentence)
            case LeaseChanged(lease=lease):
                addressing.lease_changed(lease, now=now)
            case MemberJoined() | MemberChanged() | MemberLeft():
                addressing.members_changed(gateway=_gateway(session), now=now)
                self._arrival.handle_member(event)


def _gateway(session: LastingSession) -> int | None:
    """Find the peer id of the room's gateway."""
    members = session.members.items()
    return next((peer for peer, member in members if member.role is Role.GATEWAY), None)
