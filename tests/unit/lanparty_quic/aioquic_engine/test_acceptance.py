"""Packets of nobody that is known."""

from collections.abc import Callable
from typing import TYPE_CHECKING

import pytest
from aioquic.buffer import Buffer  # type: ignore[attr-defined]  # re-exported without saying so
from aioquic.quic.packet import QuicPacketType, pull_quic_header
from first_packets import FirstPackets

from lanparty_obs.reasons import PacketDrop
from lanparty_quic import Connected, EndpointLimits, PinnedKey
from lanparty_quic.aioquic_engine import AioquicEndpoint
from lanparty_quic.aioquic_engine.acceptance import claims_proof, destination_id
from lanparty_quic.identity import ServerIdentity
from lanparty_quic.simulation import Simulation

if TYPE_CHECKING:
    from tests.unit.lanparty_quic.aioquic_engine.conftest import Bench


def drops(bench: "Bench") -> dict[PacketDrop, int]:
    dropped = bench.endpoint.endpoint_statistics().packets_dropped
    return {reason: count for reason, count in dropped.items() if count}


def packet_type(packet: bytes) -> QuicPacketType:
    return pull_quic_header(Buffer(data=packet), host_cid_length=8).packet_type


def first_packet(bench: "Bench") -> bytes:
    return bench.rogue().packets(now=bench.now)[0]


@pytest.mark.parametrize(
    ("packet", "found"),
    [
        (b"", None),
        (b"\x40" + b"1234567", None),
        (b"\x40" + b"12345678", b"12345678"),
        (b"\xc0\0\0\0\1\x05abcde\0", b"abcde"),
        (b"\xc0\0\0\0\1\x00\0\0\0", b""),
        (b"\xc0\0\0\0\1\xffabcdefgh", None),
    ],
)
def test_the_destination_id_of_any_packet(packet: bytes, found: bytes | None) -> None:
    assert destination_id(packet) == found


def test_too_short_for_an_id_is_malformed(bench: "Bench") -> None:
    assert bench.feed(b"\x40abc") == []
    assert drops(bench) == {PacketDrop.MALFORMED: 1}


def test_a_short_header_of_nobody_is_unknown(bench: "Bench") -> None:
    assert bench.feed(b"\x40" + bytes(50)) == []
    assert drops(bench) == {PacketDrop.UNKNOWN_CONNECTION: 1}


def test_a_long_header_that_is_no_first_packet_is_unknown(bench: "Bench") -> None:
    handshake = b"\xe0\0\0\0\1\x08abcdefgh\x00\x44\x00" + bytes(1200)
    assert bench.feed(handshake) == []
    assert drops(bench) == {PacketDrop.UNKNOWN_CONNECTION: 1}


def test_an_unknown_version_is_answered_with_ours(bench: "Bench") -> None:
    packet = first_packet(bench)
    strange = packet[:1] + b"\x1a\x2a\x3a\x4a" + packet[5:]
    (answer,) = bench.feed(strange)
    assert packet_type(answer) is QuicPacketType.VERSION_NEGOTIATION
    assert len(answer) < len(strange)
    assert drops(bench) == {PacketDrop.UNSUPPORTED_VERSION: 1}


@pytest.mark.parametrize("destination", [b"", b"d", bytes(range(200)), bytes(255)])
@pytest.mark.parametrize("source", [b"", bytes(range(100, 255)), bytes(255)])
def test_ids_of_other_versions_may_be_of_any_length(
    bench: "Bench", destination: bytes, source: bytes
) -> None:
    # RFC 8999 section 5.1, RFC 9000 section 17.2.1
    ids = bytes([len(destination)]) + destination + bytes([len(source)]) + source
    (answer,) = bench.feed(b"\x80\x1a\x2a\x3a\x4a" + ids + bytes(1200))
    swapped = bytes([len(source)]) + source + bytes([len(destination)]) + destination
    assert answer[0] & 0x80
    assert answer[1:] == bytes(4) + swapped + b"\0\0\0\1"


def test_only_version_1_is_spoken(bench: "Bench") -> None:
    packet = first_packet(bench)
    (answer,) = bench.feed(packet[:1] + b"\x6b\x33\x43\xcf" + packet[5:])
    assert packet_type(answer) is QuicPacketType.VERSION_NEGOTIATION


@pytest.mark.parametrize("length", range(6, 40))
def test_a_packet_of_another_version_that_ends_in_its_ids_is_malformed(
    bench: "Bench", length: int
) -> None:
    packet = b"\x80\x1a\x2a\x3a\x4a\x10" + bytes(16) + b"\x10" + bytes(16)
    assert bench.feed(packet[:length]) == []
    whole = length >= len(packet)
    assert drops(bench) == {PacketDrop.UNSUPPORTED_VERSION if whole else PacketDrop.MALFORMED: 1}


def test_a_first_packet_with_too_short_an_id_is_malformed(bench: "Bench") -> None:
    # RFC 9000 section 7.2: at least 8 bytes, which nobody can guess
    packet = FirstPackets().make(bytes(7))
    assert bench.feed(packet) == []
    assert drops(bench) == {PacketDrop.MALFORMED: 1}
    assert bench.feed(FirstPackets().make(bytes(8))) != []


def test_a_first_packet_with_a_token_claims_a_proof() -> None:
    packets = FirstPackets()
    assert claims_proof(packets.make(bytes(8), b"token"))
    assert not claims_proof(packets.make(bytes(8)))
    assert not claims_proof(packets.make(bytes(8), b"token")[:1199])
    assert not claims_proof(b"\xe0" + packets.make(bytes(8), b"token")[1:])


def test_a_small_packet_of_an_unknown_version_is_not_answered(bench: "Bench") -> None:
    packet = first_packet(bench)
    assert bench.feed(packet[:1] + b"\x1a\x2a\x3a\x4a" + packet[5:600]) == []


def test_a_version_negotiation_packet_is_not_answered(bench: "Bench") -> None:
    packet = first_packet(bench)
    assert bench.feed(packet[:1] + bytes(4) + packet[5:1200]) == []
    assert PacketDrop.UNSUPPORTED_VERSION not in drops(bench)


def test_a_first_packet_that_was_cut_is_refused(bench: "Bench") -> None:
    assert bench.feed(first_packet(bench)[:1199]) == []
    assert drops(bench) in ({PacketDrop.MALFORMED: 1}, {PacketDrop.SMALL_INITIAL: 1})


def test_a_first_packet_that_cannot_be_decrypted_leaves_nothing(bench: "Bench") -> None:
    packet = bytearray(first_packet(bench))
    packet[100] ^= 1
    assert bench.feed(bytes(packet)) == []
    assert drops(bench) == {PacketDrop.UNDECRYPTABLE: 1}
    assert bench.endpoint.endpoint_statistics().connections == 0


def test_an_endpoint_without_identity_accepts_nobody(bench: "Bench") -> None:
    dialer = AioquicEndpoint(("198.51.100.1", 1))
    dialer.receive_packet(first_packet(bench), ("192.0.2.1", 1), now=0.0)
    dialer.handle_turn(now=0.0)
    statistics = dialer.endpoint_statistics()
    assert statistics.packets_dropped[PacketDrop.NOT_ACCEPTING] == 1


def test_with_retry_a_client_proves_its_address_first(identity: ServerIdentity) -> None:
    simulation = Simulation()
    relay = simulation.aioquic_endpoint(("203.0.113.1", 443), identity=identity, retry=True)
    player = simulation.aioquic_endpoint(("198.51.100.7", 50_000))
    player.dial(relay.local_address, server_name="", trust=PinnedKey(identity.pin), now=0.0)
    simulation.run_for(0.5)
    statistics = relay.endpoint_statistics()
    assert statistics.connections == 1
    assert statistics.packets_dropped[PacketDrop.ADDRESS_UNPROVEN] == 1


def test_many_unfinished_handshakes_turn_retry_on(make_bench: "Callable[..., Bench]") -> None:
    bench = make_bench(EndpointLimits(handshakes_without_retry=1))
    (answer,) = bench.feed(first_packet(bench))[:1]
    assert packet_type(answer) is QuicPacketType.INITIAL
    (answer,) = bench.feed(first_packet(bench))
    assert packet_type(answer) is QuicPacketType.RETRY
    assert bench.endpoint.endpoint_statistics().connections == 1


def test_a_token_of_another_address_is_refused(make_bench: "Callable[..., Bench]") -> None:
    bench = make_bench(EndpointLimits(handshakes_without_retry=0))
    rogue = bench.rogue()
    (answer,) = bench.feed(rogue.packets(now=bench.now)[0], rogue.address)
    rogue.receive(answer, now=bench.now)
    (second,) = rogue.packets(now=bench.now)
    assert bench.feed(second, ("192.0.2.77", 5)) == []
    assert bench.endpoint.endpoint_statistics().connections == 0
    assert bench.feed(second, rogue.address) != []
    assert bench.endpoint.endpoint_statistics().connections == 1


def test_a_repeated_first_packet_opens_one_connection(bench: "Bench") -> None:
    rogue = bench.rogue()
    (packet,) = rogue.packets(now=bench.now)
    for _ in range(3):
        bench.endpoint.receive_packet(packet, rogue.address, now=bench.now)
    bench.exchange()
    assert [type(event) for event in bench.events] == [Connected]
    assert bench.endpoint.endpoint_statistics().connections == 1
