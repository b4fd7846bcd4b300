from collections import Counter
from ipaddress import IPv4Address
from types import SimpleNamespace
from typing import Any, cast

from lanparty_client_core import PumpCounters, SessionEnded, SessionState
from lanparty_client_core.pump import FrameDrop
from lanparty_ctrl import PeerJoined, Role, RoomCode, Stats, Welcome
from lanparty_endpoint.status import Identity, SessionView, client_diagnostics, client_status
from lanparty_endpoint.typed_room import TypedRoom
from lanparty_obs.codes import SessionEnd
from lanparty_obs.counters import TunnelCounters
from lanparty_proto import MacAddress

ANN = MacAddress.parse("02:00:5e:10:00:01")
BOB = MacAddress.parse("02:00:5e:10:00:02")
IDENTITY = Identity(
    relay="relay.example:443",
    name="Ann",
    role=Role.CLIENT,
    mac=ANN,
    interface="lan0",
    port_mtu=1_500,
    receive_budget=1_522,
    version="0.1.0",
    room=TypedRoom.parse("lan-party"),
)
WELCOME = Welcome(
    version=1,
    peer_id=1,
    room_code=RoomCode("lanparty"),
    room_id="r1",
    mtu=1_400,
    datagram_budget=1_500,
    resume_token="0" * 32,
    heartbeat_seconds=10,
    peers_limit=64,
    server_version="1",
    resumed=True,
)
MEMBERS = {
    2: PeerJoined(
        peer_id=2, role=Role.CLIENT, mac=BOB, name="Bob", address=IPv4Address("10.1.2.2")
    ),
    3: PeerJoined(peer_id=3, role=Role.GATEWAY, name="Attic"),
}


def session(**changes: Any) -> SessionView:  # Any: whatever a session shows
    counted = PumpCounters(datagrams_sent=7, dropped=Counter({FrameDrop.RUNT: 2}))
    shown = {
        "state": SessionState.JOINED,
        "sentence": "You are in the room.",
        "welcome": WELCOME,
        "members": MEMBERS,
        "ended": None,
        "round_trip_time": 0.02,
        "statistics": SimpleNamespace(datagram_budget=1_400, queued=3, packets_lost=4),
        "relay_stats": Stats(counters=TunnelCounters(received=6)),
        "counters": lambda: counted,
    }
    return cast("SessionView", SimpleNamespace(**(shown | changes)))


def test_a_status_tells_where_an_endpoint_is_and_who_else() -> None:
    status = client_status(IDENTITY, session(), addresses=["10.1.2.1/24"], notices=["Mind that."])
    assert (status.state, status.room, status.mtu, status.peer_id) == ("joined", "r1", 1_400, 1)
    assert status.resumed
    assert status.addresses == ("10.1.2.1/24",)
    assert status.notices == ("Mind that.",)
    assert [(member.name, member.address) for member in status.members] == [
        ("Bob", "10.1.2.2"),
        ("Attic", None),
    ]


def test_the_code_is_spelled_as_the_player_does() -> None:
    assert client_status(IDENTITY, session()).room_code == "lan-party"


def test_an_address_that_was_seen_counts_more_than_the_lease() -> None:
    status = client_status(IDENTITY, session(), seen={BOB: IPv4Address("192.168.0.7")})
    assert status.members[0].address == "192.168.0.7"


def test_before_the_first_dial_there_is_little_to_tell() -> None:
    status = client_status(IDENTITY, None)
    assert status.state == "connecting"
    assert status.members == ()
    diagnostics = client_diagnostics(IDENTITY, status, None)
    assert diagnostics.receive_budget == 1_522
    assert diagnostics.send_budget is None


def test_why_a_session_is_over_stands_in_its_status() -> None:
    ended = SessionEnded(code=SessionEnd.KICKED, text="x")
    over = session(state=SessionState.DISCONNECTED, ended=ended)
    error = client_status(IDENTITY, over).last_error
    assert error is not None
    assert error.code is SessionEnd.KICKED
    assert error.final


def test_diagnostics_add_budgets_counters_and_drops() -> None:
    shown = session()
    status = client_status(IDENTITY, shown)
    diagnostics = client_diagnostics(IDENTITY, status, shown, port_drops={"refused": 5})
    assert (diagnostics.send_budget, diagnostics.queued, diagnostics.packets_lost) == (1_400, 3, 4)
    assert diagnostics.counters.received == 7
    assert diagnostics.relay_counters == TunnelCounters(received=6)
    assert diagnostics.dropped_here == {"runt": 2, "refused": 5}


def test_between_connections_diagnostics_still_stand() -> None:
    shown = session(statistics=None, relay_stats=None, state=SessionState.RECONNECTING)
    diagnostics = client_diagnostics(IDENTITY, client_status(IDENTITY, shown), shown)
    assert (diagnostics.send_budget, diagnostics.queued, diagnostics.relay_counters) == (
        None,
        0,
        None,
    )
