"""What happens to a session, as one line for a person."""

from lanparty_client_core import (
    LeaseChanged,
    MemberChanged,
    MemberJoined,
    MemberLeft,
    SessionEvent,
    StateChanged,
    Welcomed,
)
from lanparty_ctrl import PeerJoined, Role

__all__ = ["told"]


def told(event: SessionEvent) -> str:
    """Tell an event. Names in it come from other people: print them without markup."""
    match event:
        case MemberJoined(member=member):
            return f"+ {member.name} is in the room ({_where(member)})."
        case MemberLeft():
            return f"- {event.sentence}"
        case MemberChanged(member=member, before=before):
            return f"~ {before.name} is {member.name} ({_where(member)}) now."
        case Welcomed(welcome=welcome):
            return f"welcome as peer {welcome.peer_id}."
        case LeaseChanged(lease=lease):
            return f"{lease.address if lease else 'no address'} is leased."
        case StateChanged(state=state, ended=ended):
            return f"{state.value}." if ended is None else ended.sentence


def _where(member: PeerJoined) -> str:
    if member.role is Role.GATEWAY:
        return "gateway"
    return str(member.address or member.mac)
