import pytest

from lanparty_client_core import (
    MemberJoined,
    MemberLeft,
    SessionEnded,
    SessionEvent,
    SessionState,
    StateChanged,
)
from lanparty_ctrl import PeerJoined, Role
from lanparty_obs.codes import SessionEnd, sentence
from lanparty_proto import MacAddress
from lanparty_sim.telling import told

BOB = PeerJoined(peer_id=2, role=Role.CLIENT, mac=MacAddress.parse("02:00:00:00:00:02"), name="bob")
GATEWAY = PeerJoined(peer_id=3, role=Role.GATEWAY, name="the LAN")
KICKED = SessionEnded(code=SessionEnd.KICKED)


@pytest.mark.parametrize(
    ("event", "line"),
    [
        (MemberJoined(BOB), "+ bob is in the room (02:00:00:00:00:02)."),
        (MemberJoined(GATEWAY), "+ the LAN is in the room (gateway)."),
        (MemberLeft(BOB, SessionEnd.LEFT), "- bob left."),
        (StateChanged(SessionState.JOINED), "joined."),
        (StateChanged(SessionState.DISCONNECTED, KICKED), sentence(SessionEnd.KICKED)),
    ],
)
def test_every_event_is_one_line(event: SessionEvent, line: str) -> None:
    assert told(event) == line
