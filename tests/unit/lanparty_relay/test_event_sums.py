from datetime import UTC, datetime

import pytest

from lanparty_obs.codes import SessionEnd
from lanparty_relay.admin_link import (
    Event,
    HelloRejectedEvent,
    PeerLeftEvent,
    PeerMovedEvent,
    RoomClosedEvent,
    SessionFaultedEvent,
)
from lanparty_relay.core import RoomEnd, SessionFault
from lanparty_relay.event_sums import EventSums

AT = datetime(2026, 11, 24, 20, 15, tzinfo=UTC)
LATER = datetime(2026, 11, 24, 20, 16, tzinfo=UTC)
BURST = 20


def rejected(code: SessionEnd = SessionEnd.ROOM_UNKNOWN) -> HelloRejectedEvent:
    return HelloRejectedEvent(at=AT, reason=code, address="192.0.2.7:50000")


def faulted(fault: SessionFault) -> SessionFaultedEvent:
    return SessionFaultedEvent(
        at=AT, fault=fault, room_id="r1", peer_id=1, address="192.0.2.7:50000"
    )


def moved(peer_id: int, port: int) -> PeerMovedEvent:
    return PeerMovedEvent(at=AT, room_id="r1", peer_id=peer_id, address=f"192.0.2.7:{port}")


def left(peer_id: int) -> PeerLeftEvent:
    return PeerLeftEvent(at=AT, room_id="r1", peer_id=peer_id, reason=SessionEnd.LEFT)


@pytest.fixture
def sums() -> EventSums:
    return EventSums()


@pytest.fixture
def stormed(sums: EventSums) -> EventSums:
    """After so many rejections that no more is told each."""
    for _ in range(BURST):
        assert sums.receive(rejected(), now=0.0)
    return sums


def test_a_few_rejections_are_told_each(sums: EventSums) -> None:
    for _ in range(BURST):
        assert sums.receive(rejected(), now=0.0) == [rejected()]
    assert sums.take_due(now=1000.0, at=LATER) == []


def test_more_are_summed_by_code_without_their_addresses(stormed: EventSums) -> None:
    for _ in range(1_000):
        assert stormed.receive(rejected(), now=0.0) == []
    for _ in range(3):
        assert stormed.receive(rejected(SessionEnd.ROOM_FULL), now=0.1) == []
    assert stormed.take_due(now=9.9, at=LATER) == []
    assert stormed.take_due(now=10.0, at=LATER) == [
        HelloRejectedEvent(at=LATER, reason=SessionEnd.ROOM_UNKNOWN, address=None, count=1_000),
        HelloRejectedEvent(at=LATER, reason=SessionEnd.ROOM_FULL, address=None, count=3),
    ]


def test_a_sum_is_told_once(stormed: EventSums) -> None:
    stormed.receive(rejected(), now=0.0)
    assert len(stormed.take_due(now=10.0, at=LATER)) == 1
    assert stormed.take_due(now=100.0, at=LATER) == []


def test_faults_are_summed_by_fault_without_who_it_was(stormed: EventSums) -> None:
    stormed.receive(faulted(SessionFault.CONTROL_FLOOD), now=0.0)
    stormed.receive(faulted(SessionFault.CONTROL_FLOOD), now=0.0)
    stormed.receive(faulted(SessionFault.EXTRA_STREAM), now=0.0)
    told = [event.model_dump(exclude={"at"}) for event in stormed.take_due(now=10.0, at=LATER)]
    assert [(event["fault"], event["count"]) for event in told] == [
        (SessionFault.CONTROL_FLOOD, 2),
        (SessionFault.EXTRA_STREAM, 1),
    ]
    assert all(event["room_id"] is event["peer_id"] is event["address"] is None for event in told)


def test_moves_are_summed_by_peer_with_the_last_address(stormed: EventSums) -> None:
    for port in (1, 2, 3):
        stormed.receive(moved(1, port), now=0.0)
    stormed.receive(moved(2, 9), now=0.0)
    assert stormed.take_due(now=10.0, at=LATER) == [
        PeerMovedEvent(at=LATER, room_id="r1", peer_id=1, address="192.0.2.7:3", count=3),
        PeerMovedEvent(at=LATER, room_id="r1", peer_id=2, address="192.0.2.7:9", count=1),
    ]


def test_a_move_is_told_before_its_peer_leaves_and_never_afterwards(stormed: EventSums) -> None:
    stormed.receive(moved(1, 5), now=0.0)
    assert stormed.receive(left(1), now=1.0) == [moved(1, 5), left(1)]
    assert stormed.take_due(now=10.0, at=LATER) == []


def test_a_move_after_those_that_are_summed_is_summed_too(stormed: EventSums) -> None:
    stormed.receive(moved(1, 1), now=0.0)
    assert stormed.receive(moved(1, 2), now=9.0) == []
    (told,) = stormed.take_due(now=10.0, at=LATER)
    assert isinstance(told, PeerMovedEvent)
    assert (told.address, told.count) == ("192.0.2.7:2", 2)


def test_when_the_storm_is_over_each_is_told_again(stormed: EventSums) -> None:
    stormed.receive(rejected(), now=0.0)
    stormed.take_due(now=10.0, at=LATER)
    for _ in range(BURST // 2):
        assert stormed.receive(rejected(), now=10.0) == [rejected()]
    for _ in range(BURST):
        assert stormed.receive(rejected(), now=1000.0) == [rejected()]


def test_what_only_members_cause_is_told_however_often(stormed: EventSums) -> None:
    events: list[Event] = [left(1), RoomClosedEvent(at=AT, room_id="r1", reason=RoomEnd.EMPTY)]
    for event in events * 100:
        assert stormed.receive(event, now=0.0) == [event]


def test_whatever_comes_no_more_sums_are_held_than_there_are_codes_and_faults(
    stormed: EventSums,
) -> None:
    for number in range(10_000):
        codes, faults = list(SessionEnd), list(SessionFault)
        stormed.receive(rejected(codes[number % len(codes)]), now=0.0)
        stormed.receive(faulted(faults[number % len(faults)]), now=0.0)
    assert len(stormed.take_due(now=10.0, at=LATER)) == len(SessionEnd) + len(SessionFault)
