"""The UDP socket, on loopback."""

import select
import socket
from collections.abc import Iterator

import pytest

from lanparty_quic.endpoint import Address
from lanparty_quic.udp_socket import UdpSocket


@pytest.fixture
def dual() -> Iterator[UdpSocket]:
    bound = UdpSocket.bind("::", 0)
    yield bound
    bound.close()


@pytest.fixture
def plain() -> Iterator[UdpSocket]:
    bound = UdpSocket.bind("127.0.0.1", 0)
    yield bound
    bound.close()


def test_dual_stack_takes_both_families_and_names_ipv4_plainly(
    dual: UdpSocket, plain: UdpSocket
) -> None:
    port = dual.address[1]
    six = UdpSocket.bind("::1", 0)
    plain.send([(b"four", ("127.0.0.1", port))])
    six.send([(b"six", ("::1", port))])
    assert sorted(dual.receive(64)) == [(b"four", plain.address), (b"six", six.address)]
    dual.send([(b"back4", plain.address), (b"back6", six.address)])
    assert plain.receive(64) == [(b"back4", ("127.0.0.1", port))]
    assert six.receive(64) == [(b"back6", ("::1", port))]
    six.close()


def test_a_read_is_bounded(dual: UdpSocket, plain: UdpSocket) -> None:
    plain.send([(bytes([index]), ("127.0.0.1", dual.address[1])) for index in range(10)])
    assert [data for data, _ in dual.receive(4)] == [b"\0", b"\1", b"\2", b"\3"]
    assert len(dual.receive(64)) == 6
    assert dual.receive(64) == []


def test_the_granted_buffers_can_be_read() -> None:
    small = UdpSocket.bind("127.0.0.1", 0, buffer_size=50_000)
    assert 50_000 <= small.receive_buffer <= 200_000
    assert 50_000 <= small.send_buffer <= 200_000
    small.close()


def test_the_kernels_overflows_are_counted(plain: UdpSocket) -> None:
    small = UdpSocket.bind("127.0.0.1", 0, buffer_size=4_000)
    plain.send([(b"x" * 1000, small.address)] * 100)
    while small.receive(64):
        pass
    # The count comes with the next packet that found room.
    plain.send([(b"x", small.address)])
    assert len(small.receive(64)) == 1
    assert small.overflows >= 50
    small.close()


@pytest.mark.parametrize(
    "destination", [("127.0.0.1", 0), ("::1", 9), ("255.255.255.255", 9)], ids=str
)
def test_what_cannot_be_sent_is_lost_and_counted(plain: UdpSocket, destination: Address) -> None:
    plain.send([(b"x", destination), (b"y", plain.address)])
    assert plain.unsent == 1
    assert plain.receive(64) == [(b"y", plain.address)]


def test_a_packet_to_nobody_disturbs_nothing(plain: UdpSocket) -> None:
    gone = UdpSocket.bind("127.0.0.1", 0)
    address = gone.address
    gone.close()
    plain.send([(b"x", address)] * 3)
    assert plain.receive(64) == []
    plain.send([(b"y", plain.address)])
    assert plain.receive(64) == [(b"y", plain.address)]


def test_a_taken_port_is_an_error(plain: UdpSocket) -> None:
    with pytest.raises(OSError, match="in use"):
        UdpSocket.bind("127.0.0.1", plain.address[1])


def test_without_ipv6_everything_means_every_ipv4_address(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    real = socket.socket

    def without_ipv6(family: socket.AddressFamily, kind: socket.SocketKind) -> socket.socket:
        if family == socket.AF_INET6:
            raise OSError(97, "Address family not supported by protocol")
        return real(family, kind)

    monkeypatch.setattr(socket, "socket", without_ipv6)
    bound = UdpSocket.bind("::", 0)
    assert bound.address[0] == "0.0.0.0"
    bound.close()


# What ICMP says


@pytest.fixture
def nobody() -> int:
    """A UDP port of this host where nobody listens, in either family."""
    with socket.socket(socket.AF_INET6, socket.SOCK_DGRAM) as probe:
        probe.bind(("::", 0))
        return int(probe.getsockname()[1])


def wait_for_refusals(sender: UdpSocket) -> list[Address]:
    for _ in range(100):
        select.select([sender.fileno()], [], [], 0.1)
        sender.receive(64)
        refused = sender.refusals()
        if refused:
            return refused
    return []


@pytest.mark.parametrize("host", ["127.0.0.1", "::1"])
def test_a_port_where_nobody_listens_is_told(nobody: int, host: str) -> None:
    dialer = UdpSocket.bind("::", 0, notes_refusals=True)
    dialer.send([(b"anybody?", (host, nobody))])
    assert wait_for_refusals(dialer) == [(host, nobody)]
    assert dialer.refusals() == []
    dialer.close()


def test_a_refusal_costs_no_packet_to_others(nobody: int, plain: UdpSocket) -> None:
    dialer = UdpSocket.bind("::", 0, notes_refusals=True)
    dialer.send([(b"anybody?", ("127.0.0.1", nobody))])
    select.select([dialer.fileno()], [], [], 5)
    dialer.send([(b"to one who listens", plain.address)])
    assert [data for data, _ in plain.receive(64)] == [b"to one who listens"]
    assert dialer.unsent == 0
    assert wait_for_refusals(dialer) == [("127.0.0.1", nobody)]
    dialer.close()


def test_no_error_wakes_for_ever(nobody: int) -> None:
    dialer = UdpSocket.bind("::", 0, notes_refusals=True)
    dialer.send([(b"x" * 65_000, ("127.0.0.1", nobody))] * 3 + [(b"y", ("::1", nobody))] * 3)
    assert wait_for_refusals(dialer)
    for _ in range(3):
        dialer.receive(64)
        dialer.refusals()
    assert select.select([dialer.fileno()], [], [], 0) == ([], [], [])
    dialer.close()


def test_a_listener_hears_of_no_refusals(nobody: int, dual: UdpSocket) -> None:
    dual.send([(b"anybody?", ("127.0.0.1", nobody))])
    select.select([dual.fileno()], [], [], 0.2)
    assert dual.receive(64) == []
    assert dual.refusals() == []


def test_of_a_packet_that_no_engine_takes_only_a_byte_is_kept(
    dual: UdpSocket, plain: UdpSocket
) -> None:
    plain.send([(b"x" * size, ("127.0.0.1", dual.address[1])) for size in (1500, 1501, 60_000)])
    assert [len(data) for data, _ in dual.receive(64)] == [1500, 1, 1]
