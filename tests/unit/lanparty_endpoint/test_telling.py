from ipaddress import IPv4Address

import pytest

from lanparty_client_core import (
    LeaseChanged,
    MemberChanged,
    MemberJoined,
    MemberLeft,
    SessionEnded,
    SessionEvent,
    SessionState,
    StateChanged,
)
from lanparty_ctrl import AddressLease, PeerJoined, Role
from lanparty_endpoint.telling import told
from lanparty_obs.codes import SessionEnd, sentence
from lanparty_proto import MacAddress

BOB = PeerJoined(peer_id=2, role=Role.CLIENT, mac=MacAddress.parse("02:00:00:00:00:02"), name="bob")
ROBERT = BOB.model_copy(update={"name": "robert", "address": IPv4Address("10.1.2.3")})
LEASE = AddressLease(address=IPv4Address("10.1.2.3"), prefix_length=24, seconds=60)
GATEWAY = PeerJoined(peer_id=3, role=Role.GATEWAY, name="the LAN")
KICKED = SessionEnded(code=SessionEnd.KICKED)


@pytest.mark.parametrize(
    ("event", "line"),
    [
        (MemberJoined(BOB), "+ bob is in the room (02:00:00:00:00:02)."),
        (MemberJoined(GATEWAY), "+ the LAN is in the room (gateway)."),
        (MemberLeft(BOB, SessionEnd.LEFT), "- bob left."),
        (MemberChanged(ROBERT, BOB), "~ bob is robert (10.1.2.3) now."),
        (LeaseChanged(LEASE), "10.1.2.3 is leased."),
        (LeaseChanged(None), "no address is leased."),
        (StateChanged(SessionState.JOINED), "joined."),
        (StateChanged(SessionState.DISCONNECTED, KICKED), sentence(SessionEnd.KICKED)),
    ],
)
def test_every_event_is_one_line(event: SessionEvent, line: str) -> None:
    assert told(event) == line
