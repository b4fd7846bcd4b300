from ipaddress import IPv4Address, IPv4Network

import pytest
from structlog.stdlib import BoundLogger
from structlog.testing import CapturingLogger

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
from lanparty_relay.journal import Journal

ADDRESS = ("192.0.2.7", 50_000)

EVENTS: list[tuple[LifecycleEvent, str, dict[str, object]]] = [
    (
        RoomOpened(
            room_id="r1",
            code=RoomCode.parse("SECRET"),
            mtu=1500,
            network=IPv4Network("10.171.5.0/24"),
            lasting=False,
            opened_at=1.0,
            block=1,
            serial=2,
        ),
        "room opened",
        {"room": "r1", "mtu": 1500, "network": "10.171.5.0/24", "lasting": False},
    ),
    (RoomChanged("r1", 5, 99.0), "room changed", {"room": "r1"}),
    (
        RoomRenumbered("r1", IPv4Network("172.16.130.0/24"), {1: None}),
        "room renumbered",
        {"room": "r1", "network": "172.16.130.0/24"},
    ),
    (
        RoomClosed("r1", RoomEnd.EXPIRED),
        "room closed",
        {"room": "r1", "reason": "expired"},
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
            resumed=False,
            block=2,
            serial=3,
        ),
        "member joined",
        {"room": "r1", "peer": 1, "role": "client", "address": "192.0.2.7", "resumed": False},
    ),
    (
        MemberLeft("r1", 1, SessionEnd.KICKED),
        "member left",
        {"room": "r1", "peer": 1, "reason": "kicked"},
    ),
    (
        MemberMoved("r1", 1, ADDRESS),
        "member moved",
        {"room": "r1", "peer": 1, "address": "192.0.2.7"},
    ),
    (StandbysChanged("r1", 2), "standby gateways", {"room": "r1", "waiting": 2}),
    (
        HelloRejected(ADDRESS, SessionEnd.ROOM_UNKNOWN),
        "hello rejected",
        {"address": "192.0.2.7", "reason": "room_unknown"},
    ),
    (
        SessionFaulted(ADDRESS, SessionFault.SECOND_HELLO, "r1", 1, "again"),
        "session faulted",
        {
            "room": "r1",
            "peer": 1,
            "address": "192.0.2.7",
            "reason": "second_hello",
            "text": "again",
        },
    ),
]


@pytest.fixture
def written() -> CapturingLogger:
    return CapturingLogger()


@pytest.fixture
def journal(written: CapturingLogger) -> Journal:
    return Journal(BoundLogger(written, [], {}))


@pytest.mark.parametrize(("event", "said", "fields"), EVENTS, ids=[said for _, said, _ in EVENTS])
def test_an_event_is_one_line_with_fixed_fields(
    journal: Journal,
    written: CapturingLogger,
    event: LifecycleEvent,
    said: str,
    fields: dict[str, object],
) -> None:
    journal.note(event)
    (call,) = written.calls
    assert call.method_name == "info"
    assert call.kwargs == {"event": said, **fields}


def test_no_room_code_is_written(journal: Journal, written: CapturingLogger) -> None:
    for event, _, _ in EVENTS:
        journal.note(event)
    assert "SECRET" not in str(written.calls)


def test_reports_are_for_metrics_and_not_for_the_log(
    journal: Journal, written: CapturingLogger
) -> None:
    journal.note(MemberReported("r1", 1, Stats(counters=TunnelCounters())))
    assert written.calls == []


def test_who_knocks_too_often_does_not_fill_the_log(
    journal: Journal, written: CapturingLogger
) -> None:
    journal.note(HelloRejected(ADDRESS, SessionEnd.JOIN_LIMIT))
    assert [call.method_name for call in written.calls] == ["debug"]
