"""The filter's verdicts, by a small interpreter and by the kernel of this machine, without root."""

import ctypes
import random
import socket
import struct
from collections.abc import Sequence
from ipaddress import IPv4Address, IPv6Address

import pytest

from lanparty_gateway.packet.assembler import MOST_INSTRUCTIONS, Code, Instruction, packed
from lanparty_gateway.packet.filter import (
    DROP_ALL,
    MOST_ADDRESSES,
    MOST_RELAYS,
    coarse_program,
    filter_program,
)
from lanparty_gateway.packet.wish import FilterWish

RELAY, PORT = IPv4Address("203.0.113.9"), 4433
RELAY6 = IPv6Address("2001:db8::9")
OTHER, OTHER6 = IPv4Address("198.51.100.1"), IPv6Address("2001:db8:1::1")
MEMBER = bytes.fromhex("02005e100001")
OWN = bytes.fromhex("0600aa000001")
HOST_A, HOST_B = bytes.fromhex("001122330001"), bytes.fromhex("001122330002")
BROADCAST, MULTICAST = b"\xff" * 6, bytes.fromhex("01005e0000fb")
WISH = FilterWish(
    destinations=frozenset({MEMBER, OWN}),
    sources=frozenset({MEMBER}),
    relays=frozenset({(RELAY, PORT), (RELAY6, PORT)}),
)


def verdict(
    program: Sequence[Instruction],
    frame: bytes,
    *,
    tag: int | None = None,
    packet_type: int = 0,
) -> bool:
    """Run the program as the kernel does: a load beyond the frame drops it."""
    beside = {0xFFFFF004: packet_type, 0xFFFFF02C: tag or 0, 0xFFFFF030: int(tag is not None)}
    widths = {Code.LOAD_WORD: 4, Code.LOAD_HALF: 2, Code.LOAD_BYTE: 1, Code.LOAD_HALF_INDEXED: 2}
    accumulator = index = place = 0
    while True:
        code, skip_true, skip_false, operand = program[place]
        place += 1
        if code in widths:
            width = widths[Code(code)]
            if operand in beside:
                accumulator = beside[operand]
                continue
            at = operand + (index if code == Code.LOAD_HALF_INDEXED else 0)
            if at + width > len(frame):
                return False
            accumulator = int.from_bytes(frame[at : at + width])
        elif code == Code.LOAD_INDEX_FROM_IP4_HEADER:
            if operand >= len(frame):
                return False
            index = 4 * (frame[operand] & 15)
        elif code == Code.AND:
            accumulator &= operand
        elif code == Code.GOTO:
            place += operand
        elif code == Code.RETURN:
            return operand > 0
        else:
            holds = {
                Code.IF_EQUAL: accumulator == operand,
                Code.IF_GREATER: accumulator > operand,
                Code.IF_ANY_BIT: bool(accumulator & operand),
            }[Code(code)]
            place += skip_true if holds else skip_false


class Kernel:
    """A local socket with the program as its filter: a datagram stands for the frame."""

    def __init__(self, program: Sequence[Instruction]) -> None:
        self.near, self.far = socket.socketpair(socket.AF_UNIX, socket.SOCK_DGRAM)
        octets = packed(program)
        memory = ctypes.create_string_buffer(octets, len(octets))
        argument = struct.pack("@HP", len(program), ctypes.addressof(memory))
        self.far.setsockopt(socket.SOL_SOCKET, 26, argument)  # SO_ATTACH_FILTER
        self.far.setblocking(False)

    def verdict(self, frame: bytes) -> bool:
        self.near.send(frame)
        try:
            return self.far.recv(65_536) == frame
        except BlockingIOError:
            return False

    def close(self) -> None:
        self.near.close()
        self.far.close()


def both(wish: FilterWish, frame: bytes) -> bool:
    program = filter_program(wish)
    kernel = Kernel(program)
    try:
        said = kernel.verdict(frame)
    finally:
        kernel.close()
    assert verdict(program, frame) == said
    return said


def frame_of(
    to: bytes, origin: bytes = HOST_A, *, kind: bytes = b"\x88\xb5", payload: bytes = bytes(46)
) -> bytes:
    return to + origin + kind + payload


def udp4(
    source: IPv4Address,
    source_port: int,
    to: IPv4Address,
    port: int,
    *,
    fragment: int = 0,
    words: int = 5,
    protocol: int = 17,
) -> bytes:
    head = struct.pack("!BBHHHBBH", 0x40 + words, 0, 60, 1, fragment, 64, protocol, 0)
    options = bytes(4 * words - 20)
    ports = struct.pack("!HHHH", source_port, port, 20, 0)
    return head + source.packed + to.packed + options + ports + bytes(20)


def udp6(
    source: IPv6Address,
    source_port: int,
    to: IPv6Address,
    port: int,
    *,
    fragment: int | None = None,
    protocol: int = 17,
) -> bytes:
    first = protocol if fragment is None else 44
    between = b"" if fragment is None else struct.pack("!BBHI", protocol, 0, fragment, 7)
    ports = struct.pack("!HHHH", source_port, port, 20, 0)
    return struct.pack("!IHBB", 6 << 28, 40, first, 64) + (
        source.packed + to.packed + between + ports + bytes(20)
    )


@pytest.mark.parametrize(
    ("frame", "taken"),
    [
        pytest.param(frame_of(BROADCAST), True, id="broadcast"),
        pytest.param(frame_of(MULTICAST), True, id="multicast"),
        pytest.param(frame_of(MEMBER), True, id="to a member"),
        pytest.param(frame_of(OWN), True, id="to the gateway itself"),
        pytest.param(frame_of(HOST_B), False, id="between two hosts"),
        pytest.param(frame_of(HOST_B, MEMBER), True, id="from a member to a host"),
        pytest.param(frame_of(HOST_B, OWN), False, id="from the gateway itself to a host"),
        pytest.param(frame_of(MEMBER[:5] + b"\x02"), False, id="almost a member"),
        pytest.param(frame_of(b"\x06" + MEMBER[1:]), True, id="ends as a member's"),
        pytest.param(MEMBER, False, id="no whole header"),
        pytest.param(frame_of(MEMBER, payload=b""), True, id="a header alone"),
    ],
)
def test_frames_that_can_matter_are_taken(frame: bytes, taken: bool) -> None:
    assert both(WISH, frame) == taken


PACKETS = [
    pytest.param(b"\x08\x00", udp4(RELAY, PORT, OTHER, 999), False, id="from the relay"),
    pytest.param(b"\x08\x00", udp4(OTHER, 999, RELAY, PORT), False, id="to the relay"),
    pytest.param(b"\x08\x00", udp4(OTHER, 999, RELAY, PORT, words=9), False, id="IP options"),
    pytest.param(b"\x08\x00", udp4(OTHER, 999, RELAY, PORT, fragment=0x2000), False, id="first"),
    pytest.param(b"\x08\x00", udp4(OTHER, 1, RELAY, 2, fragment=0x2001), False, id="middle"),
    pytest.param(b"\x08\x00", udp4(RELAY, 1, OTHER, 2, fragment=0x0010), False, id="last"),
    pytest.param(b"\x08\x00", udp4(OTHER, PORT, RELAY, 999), True, id="from its port, to another"),
    pytest.param(b"\x08\x00", udp4(RELAY, 999, OTHER, PORT), True, id="another port of its host"),
    pytest.param(b"\x08\x00", udp4(OTHER, 9, RELAY, PORT, protocol=6), True, id="TCP"),
    pytest.param(b"\x08\x00", udp4(OTHER, 1, OTHER, 2, fragment=1), True, id="others' fragment"),
    pytest.param(b"\x86\xdd", udp6(RELAY6, PORT, OTHER6, 999), False, id="IPv6 from"),
    pytest.param(b"\x86\xdd", udp6(OTHER6, 999, RELAY6, PORT), False, id="IPv6 to"),
    pytest.param(b"\x86\xdd", udp6(OTHER6, 9, RELAY6, PORT, fragment=1), False, id="IPv6 first"),
    pytest.param(b"\x86\xdd", udp6(OTHER6, 1, RELAY6, 2, fragment=0x11), False, id="IPv6 middle"),
    pytest.param(b"\x86\xdd", udp6(RELAY6, 1, OTHER6, 2, fragment=0x10), False, id="IPv6 last"),
    pytest.param(b"\x86\xdd", udp6(RELAY6, 999, OTHER6, 999), True, id="IPv6 another port"),
    pytest.param(b"\x86\xdd", udp6(RELAY6, 9, OTHER6, 9, fragment=1), True, id="IPv6 other first"),
    pytest.param(b"\x86\xdd", udp6(OTHER6, 9, RELAY6, PORT, protocol=6), True, id="IPv6 TCP"),
    pytest.param(
        b"\x86\xdd", udp6(RELAY6, 1, OTHER6, 2, fragment=8, protocol=6), True, id="IPv6 TCP part"
    ),
]


@pytest.mark.parametrize("tag", [b"", b"\x81\x00\x00\x05", b"\x88\xa8\x20\x05"], ids=bytes.hex)
@pytest.mark.parametrize(("kind", "packet", "taken"), PACKETS)
def test_a_packet_of_the_tunnel_is_never_taken_whoever_it_is_for(
    kind: bytes, packet: bytes, taken: bool, tag: bytes
) -> None:
    for to in (MEMBER, BROADCAST):
        assert both(WISH, frame_of(to, kind=tag + kind, payload=packet)) == taken


def test_every_relay_of_the_wish_is_kept_out() -> None:
    relays = frozenset({(RELAY + n, PORT + n) for n in range(MOST_RELAYS)})
    wish = FilterWish(relays=relays)
    for address, port in relays:
        packet = udp4(OTHER, 5, address, port)
        assert not both(wish, frame_of(BROADCAST, kind=b"\x08\x00", payload=packet))
    with pytest.raises(ValueError, match="more than"):
        filter_program(FilterWish(relays=relays | {(OTHER, 1)}))


def test_two_ports_of_one_relay_are_both_kept_out() -> None:
    wish = FilterWish(relays=frozenset({(RELAY, 1), (RELAY, 2)}))
    for port, taken in ((1, False), (2, False), (3, True)):
        packet = udp4(OTHER, 5, RELAY, port)
        assert both(wish, frame_of(BROADCAST, kind=b"\x08\x00", payload=packet)) == taken


def test_the_empty_wish_takes_group_frames_alone() -> None:
    assert both(FilterWish(), frame_of(BROADCAST))
    assert not both(FilterWish(), frame_of(MEMBER))


def test_what_this_machine_sends_itself_is_dropped() -> None:
    program = filter_program(WISH)
    assert verdict(program, frame_of(MEMBER))
    assert not verdict(program, frame_of(MEMBER), packet_type=4)


def test_one_vlan_alone_is_taken_wherever_its_tag_stands() -> None:
    wish = FilterWish(destinations=frozenset({MEMBER}), vlan=7)
    program = filter_program(wish)
    frame = frame_of(MEMBER)
    assert verdict(program, frame, tag=0xE007)
    assert not verdict(program, frame, tag=8)
    assert not verdict(program, frame, tag=0)
    assert not both(wish, frame)
    for protocol in (b"\x81\x00", b"\x88\xa8"):
        assert both(wish, frame_of(MEMBER, kind=protocol + b"\x20\x07\x08\x00"))
        assert not both(wish, frame_of(MEMBER, kind=protocol + b"\x20\x08\x08\x00"))
        assert verdict(program, frame_of(MEMBER, kind=protocol + b"\0\x08"), tag=7)
        assert not verdict(program, frame_of(MEMBER, kind=protocol + b"\0\x07"), tag=8)


def test_a_tunnel_behind_a_tag_that_stands_beside_the_frame_is_dropped() -> None:
    program = filter_program(WISH)
    packet = udp4(OTHER, 9, RELAY, PORT)
    assert not verdict(program, frame_of(MEMBER, kind=b"\x08\0", payload=packet), tag=7)


@pytest.mark.parametrize("style", ["random", "one prefix", "one ending", "consecutive"])
@pytest.mark.parametrize("count", [0, 1, 2, 4, 5, 17, MOST_ADDRESSES])
def test_as_many_members_as_a_room_may_have_fit_and_are_told_from_strangers(
    style: str, count: int
) -> None:
    rng = random.Random(f"{style} {count}")

    def mac(number: int) -> bytes:
        if style == "consecutive":
            return bytes.fromhex("02005e10") + number.to_bytes(2)
        first = rng.randbytes(1)[0] & 0xFC | 0x02
        if style == "one prefix":
            return bytes.fromhex("0200") + rng.randbytes(4)
        if style == "one ending":
            return (first << 8 | number).to_bytes(2) + bytes(4)
        return bytes((first,)) + rng.randbytes(5)

    destinations = frozenset(mac(n) for n in range(count))
    sources = frozenset(mac(n + 1_000) for n in range(count))
    relays = frozenset({(RELAY6 + n, PORT) for n in range(MOST_RELAYS)})
    wish = FilterWish(destinations=destinations, sources=sources, relays=relays, vlan=5)
    assert len(filter_program(wish)) <= MOST_INSTRUCTIONS
    program = filter_program(FilterWish(destinations=destinations, sources=sources))
    kernel = Kernel(program)
    try:
        ends = {mac[2:] for mac in destinations}, {mac[2:] for mac in sources}
        strangers = [mac(n + 60) for n in range(50)]
        for address in [*destinations, *sources, *strangers, bytes(6)]:
            for frame in (frame_of(address, HOST_A), frame_of(HOST_A, address)):
                taken = frame[2:6] in ends[0] or frame[8:12] in ends[1] or bool(frame[0] & 1)
                assert verdict(program, frame) == kernel.verdict(frame) == taken
    finally:
        kernel.close()


def test_a_full_room_leaves_the_traffic_between_hosts_to_the_kernel() -> None:
    """A room has up to 250 players; the gateway's own address and the interface's come to that."""
    players = frozenset(b"\x02" + n.to_bytes(5) for n in range(250))
    own = frozenset((b"\x02\1\1\1\1\1", b"\x02\2\2\2\2\2"))
    assert not both(FilterWish(destinations=players | own, sources=players), frame_of(HOST_B))


def test_more_members_than_that_make_it_coarse() -> None:
    macs = frozenset(n.to_bytes(6) for n in range(MOST_ADDRESSES + 1))
    wish = FilterWish(destinations=macs, relays=WISH.relays)
    assert filter_program(wish) == coarse_program(wish)
    assert both(wish, frame_of(HOST_B))
    packet = udp4(OTHER, 9, RELAY, PORT)
    assert not both(wish, frame_of(MEMBER, kind=b"\x08\x00", payload=packet))


def test_whatever_is_sent_both_machines_agree() -> None:
    rng = random.Random(8)
    program = filter_program(WISH)
    kernel = Kernel(program)
    kinds = [b"\x08\x00", b"\x86\xdd", b"\x81\x00\x00\x01\x08\x00", b"\x88\xa8\x00\x01\x86\xdd"]
    try:
        for _ in range(2_000):
            address = rng.choice([RELAY.packed, RELAY6.packed, b""])
            head = rng.choice([MEMBER, HOST_B, BROADCAST]) + HOST_A + rng.choice(kinds)
            frame = head + rng.randbytes(rng.choice([8, 12, 16, 24])) + address + rng.randbytes(30)
            frame = frame[: rng.randint(1, len(frame))]
            assert verdict(program, frame) == kernel.verdict(frame)
    finally:
        kernel.close()


def test_the_program_that_drops_all_does() -> None:
    assert not verdict(DROP_ALL, frame_of(BROADCAST))
