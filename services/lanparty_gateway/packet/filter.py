"""The program by which the kernel keeps away what the gateway would drop (filter.rst).

In this order: what this machine sends itself, packets of a tunnel to a relay, frames of another
VLAN; then group frames are taken, frames to a wanted destination, and frames from a wanted source.
Of the last two it may take a few that aren't wanted: the bridge decides by the whole address.

A tag that the kernel knows is beside the frame and not in it. A second one, or one in a frame that
another program has made, stands in the frame, behind the addresses.
"""

from collections.abc import Iterable, Iterator, Sequence
from ipaddress import IPv4Address, IPv6Address
from typing import Final

from lanparty_gateway.packet.assembler import (
    Code,
    Goto,
    If,
    Instruction,
    Label,
    Line,
    Operation,
    assemble,
)
from lanparty_gateway.packet.wish import FilterWish
from lanparty_proto import CUSTOMER_TAG, SERVICE_TAG

__all__ = ["DROP_ALL", "MOST_ADDRESSES", "MOST_RELAYS", "coarse_program", "filter_program"]

MOST_ADDRESSES: Final = 252
"""MAC addresses in each of the two sets: as many players as a room may have, and two of the
gateway's own. If there are more, all unicast frames are taken."""

MOST_RELAYS: Final = 8
"""Ends of tunnels. The caller names those in use; packets of more than these would not be kept
out, so more are a mistake."""

DROP_ALL: Final = (Instruction(Code.RETURN, 0, 0, 0),)

_WHOLE_FRAME: Final = 0xFFFFFFFF
_PACKET_TYPE: Final = 0xFFFFF000 + 4  # SKF_AD_OFF + SKF_AD_PKTTYPE
_VLAN_TAG: Final = 0xFFFFF000 + 44  # SKF_AD_OFF + SKF_AD_VLAN_TAG
_VLAN_TAG_PRESENT: Final = 0xFFFFF000 + 48  # SKF_AD_OFF + SKF_AD_VLAN_TAG_PRESENT
_OUTGOING: Final = 4  # PACKET_OUTGOING, for kernels without PACKET_IGNORE_OUTGOING (before 4.20)

_TYPE: Final = 12
_TAGGED_TYPE: Final = 16
_IPV4: Final = 0x0800
_IPV6: Final = 0x86DD
_UDP: Final = 17
_FRAGMENT: Final = 44
_FEW: Final = 4


def filter_program(wish: FilterWish) -> list[Instruction]:
    """Return the program, at most `MOST_INSTRUCTIONS` long."""
    if max(len(wish.destinations), len(wish.sources)) > MOST_ADDRESSES:
        return coarse_program(wish)
    take, drop = Label(), Label()
    sources = Label()
    return assemble(
        [
            *_never(wish, drop),
            Operation(Code.LOAD_BYTE, 0),
            If(Code.IF_ANY_BIT, 1, take),
            *_one_of(wish.destinations, 0, take, sources),
            sources,
            *_one_of(wish.sources, 6, take, drop),
            *_ends(take, drop),
        ]
    )


def coarse_program(wish: FilterWish) -> list[Instruction]:
    """Return a short program that takes all that isn't forbidden: tunnels, and other VLANs."""
    take, drop = Label(), Label()
    return assemble([*_never(wish, drop), *_ends(take, drop)])


def _ends(take: Label, drop: Label) -> Iterator[Line]:
    yield take
    yield Operation(Code.RETURN, _WHOLE_FRAME)
    yield drop
    yield Operation(Code.RETURN, 0)


def _never(wish: FilterWish, drop: Label) -> Iterator[Line]:
    yield Operation(Code.LOAD_BYTE, _PACKET_TYPE)
    yield If(Code.IF_EQUAL, _OUTGOING, drop)
    yield from _tunnels(wish.relays, drop)
    if wish.vlan is not None:
        yield from _other_vlans(wish.vlan, drop)


def _other_vlans(vlan: int, drop: Label) -> Iterator[Line]:
    in_frame, compare, tagged = Label(), Label(), Label()
    yield Operation(Code.LOAD_BYTE, _VLAN_TAG_PRESENT)
    yield If(Code.IF_EQUAL, 0, in_frame)
    yield Operation(Code.LOAD_HALF, _VLAN_TAG)
    yield Goto(compare)
    yield in_frame
    yield Operation(Code.LOAD_HALF, _TYPE)
    yield If(Code.IF_EQUAL, CUSTOMER_TAG, tagged)
    yield If(Code.IF_EQUAL, SERVICE_TAG, tagged, drop)
    yield tagged
    yield Operation(Code.LOAD_HALF, _TYPE + 2)
    yield compare
    yield Operation(Code.AND, 0x0FFF)
    yield If(Code.IF_EQUAL, vlan, None, drop)


def _tunnels(
    relays: frozenset[tuple[IPv4Address | IPv6Address, int]], drop: Label
) -> Iterator[Line]:
    if len(relays) > MOST_RELAYS:
        raise ValueError(f"more than {MOST_RELAYS} ends of tunnels")
    if not relays:
        return
    tagged, over = Label(), Label()
    yield Operation(Code.LOAD_HALF, _TYPE)
    yield If(Code.IF_EQUAL, CUSTOMER_TAG, tagged)
    yield If(Code.IF_EQUAL, SERVICE_TAG, tagged)
    yield from _tunnels_at(_TYPE + 2, relays, drop, over)
    yield tagged
    yield Operation(Code.LOAD_HALF, _TAGGED_TYPE)
    yield from _tunnels_at(_TAGGED_TYPE + 2, relays, drop, over)
    yield over


def _tunnels_at(
    packet: int,
    relays: frozenset[tuple[IPv4Address | IPv6Address, int]],
    drop: Label,
    over: Label,
) -> Iterator[Line]:
    """Look at the packet that begins there; its ethertype is loaded."""
    ordered = sorted(relays, key=str)
    four = [(int(address), port) for address, port in ordered if isinstance(address, IPv4Address)]
    six = [(address, port) for address, port in ordered if isinstance(address, IPv6Address)]
    ipv4 = Label()
    yield If(Code.IF_EQUAL, _IPV4, ipv4)
    yield If(Code.IF_EQUAL, _IPV6, None, over)
    for address, port in six:
        yield from _ipv6(packet, address, port, drop)
    yield Goto(over)
    yield ipv4
    yield Operation(Code.LOAD_BYTE, packet + 9)
    yield If(Code.IF_EQUAL, _UDP, None, over)
    for number, port in four:
        yield from _ipv4(packet, number, port, drop)
    yield Goto(over)


def _ipv4(packet: int, address: int, port: int, drop: Label) -> Iterator[Line]:
    """Drop what goes from or to address and port, and what may: a fragment has no port."""
    for where, port_at in ((packet + 12, packet), (packet + 16, packet + 2)):
        other = Label()
        yield Operation(Code.LOAD_WORD, where)
        yield If(Code.IF_EQUAL, address, None, other)
        yield Operation(Code.LOAD_HALF, packet + 6)
        yield If(Code.IF_ANY_BIT, 0x1FFF, drop)
        yield Operation(Code.LOAD_INDEX_FROM_IP4_HEADER, packet)
        yield Operation(Code.LOAD_HALF_INDEXED, port_at)
        yield If(Code.IF_EQUAL, port, drop)
        yield other


def _ipv6(packet: int, address: IPv6Address, port: int, drop: Label) -> Iterator[Line]:
    """Drop what goes from or to address and port, and what may.

    softlan's tunnels have no extension header but that of a fragment.
    """
    for where, port_at in ((packet + 8, packet + 40), (packet + 24, packet + 42)):
        other, datagram = Label(), Label()
        for nth in range(4):
            word = int.from_bytes(address.packed[4 * nth : 4 * nth + 4])
            yield Operation(Code.LOAD_WORD, where + 4 * nth)
            yield If(Code.IF_EQUAL, word, None, other)
        yield Operation(Code.LOAD_BYTE, packet + 6)
        yield If(Code.IF_EQUAL, _UDP, datagram)
        yield If(Code.IF_EQUAL, _FRAGMENT, None, other)
        yield Operation(Code.LOAD_BYTE, packet + 40)
        yield If(Code.IF_EQUAL, _UDP, None, other)
        yield Operation(Code.LOAD_HALF, packet + 42)
        yield If(Code.IF_ANY_BIT, 0xFFF8, drop)
        yield Operation(Code.LOAD_HALF, port_at + 8)
        yield If(Code.IF_EQUAL, port, drop, other)
        yield datagram
        yield Operation(Code.LOAD_HALF, port_at)
        yield If(Code.IF_EQUAL, port, drop)
        yield other


def _one_of(macs: Iterable[bytes], where: int, hit: Label, miss: Label) -> Iterator[Line]:
    """Go to `hit` if the address there ends as one of these.

    The last four octets are what differs, and they fit into one instruction: all six would take
    four times the memory, of which a kernel before 6.7 has none left from fifty members on.
    """
    yield Operation(Code.LOAD_WORD, where + 2)
    yield from _search(sorted({int.from_bytes(mac[2:]) for mac in macs}), hit, miss)


def _search(endings: Sequence[int], hit: Label, miss: Label) -> Iterator[Line]:
    """Halve them until few are left, so that a thousand frames of others cost little."""
    if len(endings) <= _FEW:
        yield from (If(Code.IF_EQUAL, ending, hit) for ending in endings)
        yield Goto(miss)
        return
    middle, upper = len(endings) // 2, Label()
    yield If(Code.IF_GREATER, endings[middle - 1], upper)
    yield from _search(endings[:middle], hit, miss)
    yield upper
    yield from _search(endings[middle:], hit, miss)
