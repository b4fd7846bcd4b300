from datetime import UTC, datetime, timedelta
from ipaddress import IPv4Address, IPv4Network
from typing import Any, get_args

import pytest

from lanparty_ctrl import Role, RoomCode, Stats
from lanparty_obs.codes import SessionEnd
from lanparty_obs.counters import TunnelCounters
from lanparty_proto import MacAddress
from lanparty_relay.core import (
    HelloRejected,
    LifecycleEvent,
    MemberJoined,
    MemberLeft,
    MemberMoved,
    MemberReported,
    RoomChanged,
    RoomClosed,
    RoomEnd,
    RoomOpened,
    RoomRenumbered,
    SessionFault,
    SessionFaulted,
    StandbysChanged,
)
from lanparty_relay.event_records import event_of

AT = datetime(2026, 11, 24, 20, 15, tzinfo=UTC)
NOW = 10.0
ADDRESS = ("2001:db8::7", 50_000)
WRITTEN = "[2001:db8::7]:50000"
CODE = "7XJ2M9QDPAK"

EVENTS: list[tuple[LifecycleEvent, dict[str, Any]]] = [  # Any: JSON
    (
        RoomOpened(
            room_id="r1",
            code=RoomCode(CODE),
            mtu=1500,
            network=IPv4Network("10.171.5.0/24"),
            lasting=True,
            opened_at=1.0,
            block=1,
            serial=2,
        ),
        {
            "type": "room_opened",
            "room_id": "r1",
            "mtu": 1500,
            "network": "10.171.5.0/24",
            "lasting": True,
            "peers_limit": None,
            "expires_at": None,
        },
    ),
    (
        RoomChanged("r1", 5, 70.0),
        {
            "type": "room_changed",
            "room_id": "r1",
            "peers_limit": 5,
            "expires_at": "2026-11-24T20:16:00Z",
        },
    ),
    (
        RoomRenumbered("r1", IPv4Network("172.16.130.0/24"), {1: None}),
        {"type": "room_renumbered", "room_id": "r1", "network": "172.16.130.0/24"},
    ),
    (
        RoomClosed("r1", RoomEnd.EXPIRED),
        {"type": "room_closed", "room_id": "r1", "reason": "expired"},
    ),
    (
        MemberJoined(
            room_id="r1",
            peer_id=1,
            role=Role.CLIENT,
            mac=MacAddress.parse("02:00:00:00:00:01"),
            name="Ada",
            address=ADDRESS,
            lease=IPv4Address("10.171.5.34"),
            joined_at=2.0,
            resumed=True,
            block=2,
            serial=3,
        ),
        {
            "type": "peer_joined",
            "room_id": "r1",
            "peer_id": 1,
            "role": "client",
            "mac": "02:00:00:00:00:01",
            "name": "Ada",
            "address": WRITTEN,
            "lease": "10.171.5.34",
            "resumed": True,
        },
    ),
    (
        MemberMoved("r1", 1, ADDRESS),
        {"type": "peer_moved", "room_id": "r1", "peer_id": 1, "address": WRITTEN, "count": 1},
    ),
    (
        MemberLeft("r1", 1, SessionEnd.KICKED),
        {"type": "peer_left", "room_id": "r1", "peer_id": 1, "reason": "kicked"},
    ),
    (
        StandbysChanged("r1", 2),
        {"type": "standbys_changed", "room_id": "r1", "waiting": 2},
    ),
    (
        HelloRejected(ADDRESS, SessionEnd.ROOM_UNKNOWN),
        {"type": "hello_rejected", "reason": "room_unknown", "address": WRITTEN, "count": 1},
    ),
    (
        SessionFaulted(ADDRESS, SessionFault.SECOND_HELLO, "r1", 1, "what it said"),
        {
            "type": "session_faulted",
            "fault": "second_hello",
            "room_id": "r1",
            "peer_id": 1,
            "address": WRITTEN,
            "count": 1,
        },
    ),
]


def date(moment: float) -> datetime:
    return AT + timedelta(seconds=moment - NOW)


@pytest.mark.parametrize(
    ("happened", "fields"), EVENTS, ids=[type(happened).__name__ for happened, _ in EVENTS]
)
def test_what_happened_is_told(happened: LifecycleEvent, fields: dict[str, Any]) -> None:
    event = event_of(happened, now=NOW, date=date)
    assert event is not None
    assert event.model_dump(mode="json") == {"at": "2026-11-24T20:15:00Z", **fields}


def test_a_gateway_is_told_without_mac_and_lease() -> None:
    joined = MemberJoined(
        room_id="r1",
        peer_id=9,
        role=Role.GATEWAY,
        mac=None,
        name="basement",
        address=ADDRESS,
        lease=None,
        joined_at=2.0,
        resumed=False,
        block=2,
        serial=3,
    )
    event = event_of(joined, now=NOW, date=date)
    assert event is not None
    told = event.model_dump(mode="json")
    assert (told["role"], told["mac"], told["lease"]) == ("gateway", None, None)


def test_reports_are_no_events() -> None:
    reported = MemberReported("r1", 1, Stats(counters=TunnelCounters()))
    assert event_of(reported, now=NOW, date=date) is None


def test_every_other_event_of_the_core_is_told() -> None:
    told = {type(happened) for happened, _ in EVENTS}
    assert told == set(get_args(LifecycleEvent)) - {MemberReported}


def test_no_event_says_a_code_or_what_a_peer_wrote_in_an_error() -> None:
    for happened, _ in EVENTS:
        event = event_of(happened, now=NOW, date=date)
        assert event is not None
        text = event.model_dump_json()
        assert CODE not in text
        assert "what it said" not in text
