"""How many handshakes may be unfinished, whose give way, and what is counted of them."""

from ipaddress import IPv4Address

import pytest

from lanparty_obs.reasons import HandshakeFailure
from lanparty_quic import ConnectionKey, EndpointLimits, HandshakeStatistics
from lanparty_quic.handshakes import Handshakes, Judgement

LIMITS = EndpointLimits(
    maximum_handshakes=6,
    handshakes_per_source=4,
    handshakes_without_retry=5,
    handshakes_per_source_without_retry=2,
)
HOME = IPv4Address("192.0.2.1")


class Table:
    """Handshakes on a clock that the test moves."""

    def __init__(self, limits: EndpointLimits = LIMITS) -> None:
        self.handshakes = Handshakes(limits)
        self.now = 0.0
        self.displaced: list[int] = []
        self._last = 0

    def begin(self, source: IPv4Address = HOME, *, proven: bool = True) -> Judgement:
        """Judge a first packet, and begin its handshake if it may."""
        verdict = self.handshakes.judge(source, is_proven=proven, now=self.now)
        if verdict is Judgement.BEGIN:
            self._last += 1
            displaced = self.handshakes.begin(
                ConnectionKey(self._last), source, is_proven=proven, now=self.now
            )
            if displaced is not None:
                self.displaced.append(displaced)
        return verdict

    def statistics(self) -> HandshakeStatistics:
        return self.handshakes.statistics(now=self.now)

    def begin_elsewhere(self, count: int, *, proven: bool = True) -> list[Judgement]:
        return [self.begin(IPv4Address(f"198.51.100.{n}"), proven=proven) for n in range(count)]


def test_an_unproven_client_may_begin_while_there_is_room() -> None:
    table = Table()
    assert table.begin(proven=False) is Judgement.BEGIN
    assert len(table.handshakes) == 1
    assert table.statistics().unproven == 1


def test_a_source_with_several_has_to_prove_its_address_and_others_need_not() -> None:
    table = Table()
    assert [table.begin(proven=False) for _ in range(3)] == [
        Judgement.BEGIN,
        Judgement.BEGIN,
        Judgement.PROVE_ADDRESS,
    ]
    assert table.begin(IPv4Address("198.51.100.1"), proven=False) is Judgement.BEGIN
    assert not table.statistics().retry


def test_beyond_a_number_everybody_has_to_prove_his_address() -> None:
    table = Table()
    verdicts = table.begin_elsewhere(6, proven=False)
    assert verdicts == [Judgement.BEGIN] * 5 + [Judgement.PROVE_ADDRESS]
    assert table.statistics().retry
    assert table.begin() is Judgement.BEGIN


def test_a_forged_crowd_gives_way_to_one_that_has_proven_its_address() -> None:
    table = Table()
    table.begin_elsewhere(5, proven=False)
    assert table.begin() is Judgement.BEGIN
    assert table.begin() is Judgement.BEGIN
    assert table.displaced == [1]
    assert table.statistics().failed[HandshakeFailure.DISPLACED] == 1
    assert len(table.handshakes) == 6


def test_those_who_prove_themselves_do_not_push_each_other_out_while_they_are_young() -> None:
    table = Table()
    assert table.begin_elsewhere(7) == [Judgement.BEGIN] * 6 + [Judgement.REFUSE]
    assert table.displaced == []
    table.now = 2.0
    assert table.begin() is Judgement.BEGIN
    assert table.displaced == [1]


def test_the_bound_of_a_source_leaves_room_for_other_sources() -> None:
    table = Table()
    assert [table.begin() for _ in range(5)] == [Judgement.BEGIN] * 4 + [Judgement.REFUSE]
    assert table.begin_elsewhere(2) == [Judgement.BEGIN] * 2


def test_a_source_at_its_bound_displaces_its_own_oldest() -> None:
    table = Table()
    table.begin_elsewhere(1)
    for _ in range(4):
        table.begin()
    table.now = 3.0
    assert table.begin() is Judgement.BEGIN
    assert table.displaced == [2]


def test_handshakes_forged_in_a_players_name_give_way_to_his_own() -> None:
    table = Table()
    for _ in range(2):
        table.begin(proven=False)
    for _ in range(3):
        assert table.begin() is Judgement.BEGIN
    assert table.displaced == [1]


def test_a_whole_party_behind_one_router_gets_in_as_its_handshakes_complete() -> None:
    table = Table(EndpointLimits())
    joined = 0
    for _ in range(250):
        if table.begin() is Judgement.REFUSE:
            for key in range(joined + 1, joined + 65):
                table.handshakes.complete(ConnectionKey(key))
            joined += 64
            assert table.begin() is Judgement.BEGIN
    assert table.displaced == []


def test_every_handshake_is_counted_once() -> None:
    table = Table()
    table.begin_elsewhere(4)
    table.handshakes.complete(ConnectionKey(1))
    table.handshakes.fail(ConnectionKey(2), HandshakeFailure.TIMEOUT)
    for key in (1, 2, 99):
        table.handshakes.complete(ConnectionKey(key))
        table.handshakes.fail(ConnectionKey(key), HandshakeFailure.TLS)
    statistics = table.statistics()
    assert statistics.pending == 2
    assert statistics.completed == 1
    assert {why: count for why, count in statistics.failed.items() if count} == {
        HandshakeFailure.TIMEOUT: 1
    }
    assert set(statistics.failed) == set(HandshakeFailure)


@pytest.mark.parametrize("proven", [True, False])
def test_what_is_over_leaves_nothing(proven: bool) -> None:
    table = Table()
    for serial in range(1, 100):
        table.now += 11.0
        assert table.begin(proven=proven) is Judgement.BEGIN
        assert ConnectionKey(serial) in table.handshakes
        table.handshakes.complete(ConnectionKey(serial))
        assert ConnectionKey(serial) not in table.handshakes
    assert len(table.handshakes) == 0
    assert table.statistics().unproven == 0


def test_that_addresses_are_proven_is_told_until_it_is_over() -> None:
    table = Table()
    table.begin_elsewhere(5, proven=False)
    assert table.statistics().retry
    for key in range(1, 6):
        table.handshakes.fail(ConnectionKey(key), HandshakeFailure.TIMEOUT)
    table.now = 9.0
    assert table.statistics().retry
    table.now = 11.0
    assert not table.statistics().retry
