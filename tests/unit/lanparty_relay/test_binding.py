import errno
import socket

import pytest

from lanparty_command import CommandFailed, ListenAddress
from lanparty_quic import EndpointLimits
from lanparty_quic.identity import ServerIdentity
from lanparty_relay.binding import bind_admin, bind_players, reachable_address

LOOPBACK = ListenAddress("127.0.0.1", 0)


def refuse(monkeypatch: pytest.MonkeyPatch, number: int) -> None:
    def bind(*arguments: object, **options: object) -> socket.socket:
        raise OSError(number, "refused")

    monkeypatch.setattr(socket, "create_server", bind)


def test_a_free_port_is_found_for_players(identity: ServerIdentity) -> None:
    endpoint = bind_players(LOOPBACK, identity=identity, limits=EndpointLimits(), retry=False)
    host, port = endpoint.local_address
    endpoint.socket.close()
    assert host == "127.0.0.1"
    assert port > 0


def test_a_taken_udp_port_is_named_with_its_option(identity: ServerIdentity) -> None:
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as taken:
        taken.bind(("127.0.0.1", 0))
        address = ListenAddress(*taken.getsockname())
        with pytest.raises(CommandFailed, match=rf"UDP {address} is taken .*--listen"):
            bind_players(address, identity=identity, limits=EndpointLimits(), retry=False)


def test_a_taken_tcp_port_is_named_with_its_option() -> None:
    with bind_admin(LOOPBACK) as taken:
        address = ListenAddress(*taken.getsockname())
        with pytest.raises(CommandFailed, match=rf"TCP {address} is taken .*--admin"):
            bind_admin(address)


def test_an_operators_program_that_never_reads_is_given_up_by_the_kernel() -> None:
    with (
        bind_admin(LOOPBACK) as listener,
        socket.create_connection(listener.getsockname()),
        listener.accept()[0] as accepted,
    ):
        assert accepted.getsockopt(socket.IPPROTO_TCP, socket.TCP_USER_TIMEOUT) == 30_000


def test_an_address_of_another_host_is_named() -> None:
    with pytest.raises(CommandFailed, match="no such address"):
        bind_admin(ListenAddress("192.0.2.1", 0))


@pytest.mark.parametrize(
    ("number", "port", "hint"),
    [
        (errno.EACCES, 443, "CAP_NET_BIND_SERVICE.*ip_unprivileged_port_start=443.*--admin"),
        (errno.EACCES, 8080, "can't be bound"),
        (errno.EAFNOSUPPORT, 8080, "no IPv6"),
        (errno.EMFILE, 8080, "refused"),
    ],
)
def test_each_refusal_of_the_system_comes_with_a_way_out(
    monkeypatch: pytest.MonkeyPatch, number: int, port: int, hint: str
) -> None:
    refuse(monkeypatch, number)
    with pytest.raises(CommandFailed, match=hint):
        bind_admin(ListenAddress("::1", port))


def test_an_address_of_its_own_is_given_as_it_is() -> None:
    assert reachable_address(("192.0.2.1", 443)) == ("192.0.2.1", 443)


@pytest.mark.parametrize("everywhere", ["::", "0.0.0.0"])
def test_for_every_address_one_is_given_that_can_be_dialed(everywhere: str) -> None:
    host, port = reachable_address((everywhere, 443))
    assert host not in {"::", "0.0.0.0"}
    assert port == 443


def test_without_any_route_it_is_the_loopback(monkeypatch: pytest.MonkeyPatch) -> None:
    def no_network(*arguments: object) -> socket.socket:
        raise OSError(errno.EAFNOSUPPORT, "no network")

    monkeypatch.setattr(socket, "socket", no_network)
    assert reachable_address(("::", 443)) == ("127.0.0.1", 443)


@pytest.mark.parametrize("host", [None, "::"])
def test_an_admin_api_on_every_address_serves_both_families(host: str | None) -> None:
    with bind_admin(ListenAddress(host, 0)) as listener:
        port = listener.getsockname()[1]
        for loopback in ("127.0.0.1", "::1"):
            socket.create_connection((loopback, port), timeout=5).close()
