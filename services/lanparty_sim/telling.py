"""What happens to a session, as one line for a person."""

from lanparty_client_core import MemberJoined, MemberLeft, SessionEvent, StateChanged
from lanparty_ctrl import Role

__all__ = ["told"]


def told(event: SessionEvent) -> str:
    """Tell an event. Names in it come from other people: print them without markup."""
    match event:
        case MemberJoined(member=member):
            kind = "gateway" if member.role is Role.GATEWAY else str(member.mac)
            return f"+ {member.name} is in the room ({kind})."
        case MemberLeft():
            return f"- {event.sentence}"
        case StateChanged(state=state, ended=ended):
            return f"{state.value}." if ended is None else ended.sentence
