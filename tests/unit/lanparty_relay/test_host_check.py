import pytest

from lanparty_quic.udp_socket import UdpSocket
from lanparty_relay.host_check import HostLimits, advise

PLENTY = 4_194_304
STOCK = 212_992


def limits(
    *, receive: int = PLENTY, send: int = PLENTY, descriptors: int | None = None
) -> HostLimits:
    return HostLimits(receive_buffer=receive, send_buffer=send, descriptors=descriptors)


@pytest.mark.parametrize("descriptors", [None, 65_536])
def test_a_generous_host_gets_no_advice(descriptors: int | None) -> None:
    assert advise(limits(descriptors=descriptors)) == []


def test_small_socket_buffers_are_named_with_the_sysctl_to_set() -> None:
    receive, send = advise(limits(receive=STOCK, send=STOCK))
    assert (receive.subject, receive.value) == ("net.core.rmem_max", STOCK)
    assert receive.remedy == f"sysctl -w net.core.rmem_max={receive.wanted}"
    assert (send.subject, send.value) == ("net.core.wmem_max", STOCK)
    assert send.remedy == f"sysctl -w net.core.wmem_max={send.wanted}"


@pytest.mark.parametrize(
    ("granted", "subject"),
    [
        (limits(receive=PLENTY - 1), "net.core.rmem_max"),
        (limits(send=PLENTY - 1), "net.core.wmem_max"),
    ],
)
def test_each_direction_is_judged_by_itself(granted: HostLimits, subject: str) -> None:
    assert [advice.subject for advice in advise(granted)] == [subject]


def test_few_file_descriptors_are_named_with_the_limit_to_set() -> None:
    (advice,) = advise(limits(descriptors=256))
    assert advice.subject == "RLIMIT_NOFILE"
    assert "ulimit -n" in advice.remedy


def test_a_sockets_buffers_are_counted_as_the_kernel_parameters_are() -> None:
    asked = 100_000  # below what every kernel allows
    udp_socket = UdpSocket.bind("127.0.0.1", 0, buffer_size=asked)
    try:
        granted = HostLimits.granted(udp_socket)
    finally:
        udp_socket.close()
    assert (granted.receive_buffer, granted.send_buffer) == (asked, asked)
    assert granted.descriptors is None or granted.descriptors > 0
