"""Floods of first packets: who is in feels nothing, what is kept is bounded, all is counted."""

from collections.abc import Callable
from typing import TYPE_CHECKING

import pytest
from aioquic.buffer import Buffer  # type: ignore[attr-defined]  # re-exported without saying so
from aioquic.quic.packet import QuicPacketType, pull_quic_header

from lanparty_obs.reasons import HandshakeFailure, PacketDrop
from lanparty_quic import Address, Connected, EndpointLimits, HandshakeStatistics

if TYPE_CHECKING:
    from tests.unit.lanparty_quic.aioquic_engine.conftest import Bench, Rogue

FLOOD = 60
LIMITS = EndpointLimits(handshakes_without_retry=20, handshakes_per_source_without_retry=5)


def somewhere(number: int) -> Address:
    return (f"192.0.2.{number}", 1000)


def forged(bench: "Bench", count: int) -> list[bytes]:
    """First packets of clients that will hear nothing."""
    packets = []
    for _ in range(count):
        rogue = bench.rogue()
        rogue.hears = False
        packets.append(rogue.packets(now=bench.now)[0])
        rogue.keeps = lambda serial: False
    return packets


def offer(bench: "Bench", packets: list[bytes]) -> None:
    for serial, packet in enumerate(packets):
        bench.endpoint.receive_packet(packet, somewhere(serial), now=bench.now)


def handshakes(bench: "Bench") -> HandshakeStatistics:
    return bench.endpoint.endpoint_statistics().handshakes


def failures(bench: "Bench") -> dict[HandshakeFailure, int]:
    return {why: count for why, count in handshakes(bench).failed.items() if count}


def check_accounts(bench: "Bench") -> None:
    statistics = bench.endpoint.endpoint_statistics()
    dropped = sum(statistics.packets_dropped.values())
    assert statistics.packets_received == statistics.packets_routed + dropped


def game(rogue: "Rogue", bench: "Bench", payload: bytes) -> bytes:
    rogue.quic.send_datagram_frame(payload)
    return rogue.packets(now=bench.now)[-1]


@pytest.fixture
def bench(make_bench: "Callable[..., Bench]") -> "Bench":
    return make_bench(LIMITS)


def test_a_turn_begins_one_handshake_and_takes_in_what_players_send(bench: "Bench") -> None:
    player = bench.rogue()
    bench.exchange()
    offer(bench, forged(bench, 15))
    for serial in range(10):
        bench.now += 0.02
        bench.feed(game(player, bench, b"%d" % serial), player.address)
        assert bench.payloads[-1] == b"%d" % serial
        assert handshakes(bench).pending == serial + 1


def test_forged_addresses_turn_retry_on_and_players_still_get_in(bench: "Bench") -> None:
    offer(bench, forged(bench, FLOOD))
    bench.exchange(40)
    assert handshakes(bench).pending == 20
    assert handshakes(bench).retry
    assert bench.endpoint.endpoint_statistics().packets_dropped[PacketDrop.ADDRESS_UNPROVEN] == 40
    bench.rogue()
    bench.exchange()
    assert handshakes(bench).completed == 1
    check_accounts(bench)


def test_a_flood_leaves_nothing_and_is_told_nothing_more(bench: "Bench") -> None:
    offer(bench, forged(bench, FLOOD))
    bench.exchange(100)
    bench.now += 11.0
    sent = bench.endpoint.endpoint_statistics().packets_sent
    bench.exchange()
    assert bench.endpoint.endpoint_statistics().connections == 0
    assert bench.endpoint.endpoint_statistics().packets_sent == sent
    assert failures(bench) == {HandshakeFailure.TIMEOUT: 20}
    assert bench.endpoint.next_deadline() is None
    bench.rogue()
    bench.exchange()
    assert not handshakes(bench).retry
    assert handshakes(bench).completed == 1
    check_accounts(bench)


def test_many_from_one_address_leave_others_their_way_in(bench: "Bench") -> None:
    for packet in forged(bench, FLOOD):
        bench.endpoint.receive_packet(packet, somewhere(1), now=bench.now)
    bench.exchange(30)
    assert handshakes(bench).pending == 5
    bench.rogue()
    bench.exchange()
    assert handshakes(bench).completed == 1


def test_players_with_a_proven_address_get_in_while_forged_ones_hold_every_place(
    make_bench: "Callable[..., Bench]",
) -> None:
    bench = make_bench(EndpointLimits(maximum_handshakes=10, handshakes_without_retry=10))
    offer(bench, forged(bench, 30))
    bench.exchange(30)
    assert handshakes(bench).pending == 10
    for _ in range(5):
        bench.rogue()
    bench.exchange(40)
    assert handshakes(bench).completed == 5
    # Each takes the place of the one before, but for the first.
    assert failures(bench) == {HandshakeFailure.DISPLACED: 1}
    check_accounts(bench)


def test_beyond_the_bound_a_proven_newcomer_waits_for_a_place(
    make_bench: "Callable[..., Bench]",
) -> None:
    bench = make_bench(EndpointLimits(maximum_handshakes=2, handshakes_without_retry=0))
    silent = [bench.rogue() for _ in range(2)]
    for rogue in silent:
        # They hear the Retry, and no more.
        (answer,) = bench.feed(rogue.packets(now=bench.now)[0], rogue.address)
        rogue.receive(answer, now=bench.now)
        bench.feed(rogue.packets(now=bench.now)[0], rogue.address)
        rogue.hears = False
        rogue.keeps = lambda serial: False
    late = bench.rogue()
    bench.exchange()
    dropped = bench.endpoint.endpoint_statistics().packets_dropped
    assert dropped[PacketDrop.TOO_MANY_HANDSHAKES] >= 1
    assert handshakes(bench).pending == 2
    bench.exchange(600)
    assert late.end() is None
    assert handshakes(bench).completed == 1
    assert failures(bench) == {HandshakeFailure.DISPLACED: 1}


def test_a_handshake_that_is_done_gives_way_to_none_that_begins_behind_it(
    make_bench: "Callable[..., Bench]",
) -> None:
    bench = make_bench(EndpointLimits(maximum_handshakes=2, newcomer_work_per_turn=1000))
    player = bench.rogue()
    first = [packet for _ in range(2) for packet in player.packets(now=bench.now)]
    for answer in bench.feed(first[0], player.address):
        player.receive(answer, now=bench.now)
    player.hears = False
    bench.exchange(0)
    for packet in player.packets(now=bench.now):
        bench.endpoint.receive_packet(packet, player.address, now=bench.now)
    offer(bench, forged(bench, 4))
    bench.feed(b"")
    assert [type(event) for event in bench.events] == [Connected]
    assert bench.endpoint.statistics(bench.key) is not None
    assert handshakes(bench).completed == 1


def test_other_protocols_are_counted(bench: "Bench") -> None:
    bench.rogue(alpn_protocols=["h3"])
    bench.exchange()
    assert failures(bench) == {HandshakeFailure.OTHER_PROTOCOL: 1}


def test_a_client_that_breaks_off_is_counted(bench: "Bench") -> None:
    rogue = bench.rogue()
    (answer, *_) = bench.feed(rogue.packets(now=bench.now)[0], rogue.address)
    rogue.receive(answer, now=bench.now)
    rogue.quic.close(error_code=0x100 + 42)
    bench.exchange()
    assert failures(bench) == {HandshakeFailure.CLOSED_BY_PEER: 1}


def test_forged_packets_that_cannot_be_decrypted_keep_nothing_and_turn_retry_on(
    make_bench: "Callable[..., Bench]",
) -> None:
    bench = make_bench(EndpointLimits(arrivals_without_retry=10))
    for serial, packet in enumerate(forged(bench, FLOOD)):
        broken = bytearray(packet)
        broken[100] ^= 1
        bench.endpoint.receive_packet(bytes(broken), somewhere(serial), now=bench.now)
    bench.exchange()
    statistics = bench.endpoint.endpoint_statistics()
    assert statistics.connections == 0
    undecryptable = statistics.packets_dropped[PacketDrop.UNDECRYPTABLE]
    assert 9 <= undecryptable <= 12
    assert statistics.packets_dropped[PacketDrop.ADDRESS_UNPROVEN] == FLOOD - undecryptable
    assert statistics.handshakes.failed == dict.fromkeys(HandshakeFailure, 0)
    check_accounts(bench)


def test_a_token_proves_one_address_only_and_costs_nothing_else(bench: "Bench") -> None:
    offer(bench, forged(bench, 30))
    bench.exchange()
    rogue = bench.rogue()
    (answer,) = bench.feed(rogue.packets(now=bench.now)[0], rogue.address)
    header = pull_quic_header(Buffer(data=answer), host_cid_length=8)
    assert header.packet_type is QuicPacketType.RETRY
    rogue.receive(answer, now=bench.now)
    (second,) = rogue.packets(now=bench.now)
    assert bench.feed(second, somewhere(99)) == []
    dropped = bench.endpoint.endpoint_statistics().packets_dropped
    assert dropped[PacketDrop.INVALID_TOKEN] == 1
    assert bench.feed(second, rogue.address) != []
