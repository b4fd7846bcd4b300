"""Packets of nobody that is known, in any shape of a long header: nothing raises, everything is
counted, what is kept is bounded, and no answer that keeps no state is larger than its packet.
"""

from aioquic._buffer import Buffer
from aioquic.quic.packet import QuicPacketType, pull_quic_header
from first_packets import FirstPackets
from hypothesis import given, settings
from hypothesis import strategies as st

from lanparty_quic import Address, EndpointLimits
from lanparty_quic.aioquic_engine import AioquicEndpoint
from lanparty_quic.aioquic_engine.acceptance import claims_proof
from lanparty_quic.identity import ServerIdentity

RELAY: Address = ("203.0.113.1", 443)
LIMITS = EndpointLimits(
    maximum_handshakes=8,
    handshakes_per_source=4,
    handshakes_without_retry=4,
    handshakes_per_source_without_retry=2,
)
FIRST = FirstPackets()

versions = st.sampled_from([b"\0\0\0\1", b"\0\0\0\0", b"k3C\xcf", b"\x1a\x2a\x3a\x4a"])
ids = st.binary(max_size=255)


@st.composite
def long_headers(draw: st.DrawFn) -> bytes:
    """A first byte, a version, two ids, and something behind them, perhaps cut."""
    destination, source = draw(ids), draw(ids)
    packet = bytes([draw(st.integers(0x80, 0xFF))]) + draw(versions)
    packet += bytes([len(destination)]) + destination + bytes([len(source)]) + source
    packet += draw(st.binary(max_size=40))
    padded = packet.ljust(draw(st.sampled_from([0, 1199, 1200, 1452])), b"\0")
    return padded[: draw(st.integers(0, len(padded)))] if draw(st.booleans()) else padded


@st.composite
def first_packets(draw: st.DrawFn) -> bytes:
    """What a client says first, with a token or without, whole or a little wrong."""
    packet = bytearray(FIRST.make(draw(st.binary(min_size=1, max_size=20)), draw(st.binary())))
    for _ in range(draw(st.integers(0, 3))):
        packet[draw(st.integers(0, len(packet) - 1))] = draw(st.integers(0, 255))
    return bytes(packet)


hosts = st.integers(0, 20).map(lambda number: f"192.0.2.{number}")
packets = st.tuples(st.one_of(long_headers(), first_packets(), st.binary(max_size=60)), hosts)


@given(sequence=st.lists(packets, max_size=30), pause=st.floats(0.0, 6.0))
@settings(deadline=None, max_examples=150)
def test_any_packets_of_strangers(
    identity: ServerIdentity, sequence: list[tuple[bytes, str]], pause: float
) -> None:
    endpoint = AioquicEndpoint(RELAY, identity=identity, limits=LIMITS)
    now = 0.0
    for packet, host in sequence:
        before = endpoint.endpoint_statistics().packets_routed
        endpoint.receive_packet(packet, (host, 1), now=now)
        endpoint.handle_turn(now=now)
        answers = endpoint.packets_to_send()
        assert sum(len(answer) for answer, _ in answers) <= len(packet)
        endpoint.flush(now=now)
        flight = endpoint.packets_to_send()
        routed = endpoint.endpoint_statistics().packets_routed - before
        # A flight of TLS, to an address that isn't proven (RFC 9000 section 8.1).
        assert sum(len(answer) for answer, _ in flight) <= (3 * len(packet) if routed else 0)
        assert endpoint.events() == []
        statistics = endpoint.endpoint_statistics()
        assert statistics.packets_received == statistics.packets_routed + sum(
            statistics.packets_dropped.values()
        )
        assert statistics.connections == statistics.handshakes.pending <= 8
        now += pause / 30
        # What was begun earlier may be repeated, which isn't the next packet's doing.
        endpoint.handle_turn(now=now)
        endpoint.flush(now=now)
        endpoint.packets_to_send()
    endpoint.handle_turn(now=now + 11.0)
    endpoint.flush(now=now + 11.0)
    assert endpoint.endpoint_statistics().connections == 0
    assert endpoint.events() == []


@given(packet=st.one_of(long_headers(), first_packets()))
def test_no_token_is_overlooked(packet: bytes) -> None:
    try:
        header = pull_quic_header(Buffer(data=packet), host_cid_length=8)
    except ValueError:
        return
    first = header.packet_type is QuicPacketType.INITIAL and header.version == 1
    if first and header.token and len(packet) >= 1200:
        assert claims_proof(packet)
