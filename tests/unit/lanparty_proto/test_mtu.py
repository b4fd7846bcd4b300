"""Sizes: from a QUIC packet to a datagram to a frame, and back."""

import pytest

from lanparty_proto import (
    DEFAULT_ROOM_MTU,
    MAXIMUM_ROOM_MTU,
    MINIMUM_DATAGRAM_BUDGET,
    MINIMUM_QUIC_PACKET_SIZE,
    MINIMUM_ROOM_MTU,
    DatagramSizeError,
    ProtoError,
    budget_for_mtu,
    cut,
    datagram_budget,
    quic_packet_size_for_budget,
    tap_mtu_without_fragments,
)

ETHERNET_HEADER = bytes.fromhex("02005e10000102005e1000020800")
TAGGED_HEADER = bytes.fromhex("02005e10000102005e100002810000010800")


def no_id() -> int:
    raise AssertionError("nothing should be cut")


@pytest.mark.parametrize(
    ("packet", "connection_id", "budget"),
    [(1200, 8, 1170), (1200, 0, 1178), (1200, 20, 1158), (1452, 8, 1422), (1350, 8, 1320)],
)
def test_a_packet_carries_so_much_and_so_much_needs_the_packet(
    packet: int, connection_id: int, budget: int
) -> None:
    assert datagram_budget(packet, connection_id) == budget
    assert quic_packet_size_for_budget(budget, connection_id) == packet


def test_eight_bytes_of_connection_id_are_usual() -> None:
    assert datagram_budget(1200) == datagram_budget(1200, 8)
    assert quic_packet_size_for_budget(1300) == quic_packet_size_for_budget(1300, 8)


def test_no_packet_is_smaller_than_what_every_path_carries() -> None:
    assert quic_packet_size_for_budget(100) == MINIMUM_QUIC_PACKET_SIZE


@pytest.mark.parametrize("connection_id", range(21))
def test_the_smallest_packet_carries_the_smallest_budget(connection_id: int) -> None:
    assert datagram_budget(MINIMUM_QUIC_PACKET_SIZE, connection_id) >= MINIMUM_DATAGRAM_BUDGET


@pytest.mark.parametrize(
    ("budget", "tagged", "mtu"),
    [(1170, False, 1152), (1170, True, 1148), (1150, False, 1132), (1518, False, 1500)],
)
def test_a_budget_carries_a_tap_mtu_whole_and_back(budget: int, tagged: bool, mtu: int) -> None:
    assert tap_mtu_without_fragments(budget, tagged=tagged) == mtu
    assert budget_for_mtu(mtu, tagged=tagged) == budget


@pytest.mark.parametrize(
    ("header", "tagged"), [(ETHERNET_HEADER, False), (TAGGED_HEADER, True)], ids=["plain", "tag"]
)
@pytest.mark.parametrize("budget", [1150, 1170, 1422])
def test_the_tap_mtu_is_the_most_that_is_not_cut(budget: int, header: bytes, tagged: bool) -> None:
    mtu = tap_mtu_without_fragments(budget, tagged=tagged)
    assert len(cut(header + bytes(mtu), budget=budget, frame_id=no_id)) == 1
    assert len(cut(header + bytes(mtu + 1), budget=budget, frame_id=lambda: 1)) == 2


def test_a_room_is_an_ordinary_ethernet_that_ipv6_can_use() -> None:
    assert (MINIMUM_ROOM_MTU, DEFAULT_ROOM_MTU, MAXIMUM_ROOM_MTU) == (1280, 1500, 1500)


def test_sizes_that_cannot_be_are_refused() -> None:
    with pytest.raises(DatagramSizeError):
        datagram_budget(1199)
    with pytest.raises(DatagramSizeError):
        datagram_budget(1200, 21)
    with pytest.raises(DatagramSizeError):
        quic_packet_size_for_budget(1170, -1)
    with pytest.raises(DatagramSizeError):
        quic_packet_size_for_budget(-1)
    with pytest.raises(DatagramSizeError):
        tap_mtu_without_fragments(MINIMUM_DATAGRAM_BUDGET - 1)
    with pytest.raises(DatagramSizeError):
        budget_for_mtu(-1)
    assert issubclass(DatagramSizeError, ProtoError)
