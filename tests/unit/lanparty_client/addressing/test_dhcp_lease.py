"""Which leases of a DHCP server a player's machine may take."""

import math
from ipaddress import IPv4Address

import pytest

from lanparty_client.addressing.dhcp_lease import DhcpLease, read_lease
from lanparty_ethernet import DhcpKind, DhcpMessage, DhcpOption
from lanparty_proto import MacAddress

MAC = MacAddress.parse("02:00:5e:10:00:01")
SERVER_MAC = MacAddress.parse("02:00:5e:10:00:02")


def offered(
    address: str = "192.168.50.100",
    mask: str = "255.255.255.0",
    seconds: int | None = 600,
    **options: bytes,
) -> DhcpLease | None:
    written = {
        int(DhcpOption.SERVER): IPv4Address("192.168.50.1").packed,
        int(DhcpOption.SUBNET_MASK): IPv4Address(mask).packed,
        **{int(DhcpOption[name]): value for name, value in options.items()},
    }
    if seconds is not None:
        written[DhcpOption.LEASE_SECONDS] = seconds.to_bytes(4, "big")
    message = DhcpMessage(
        kind=DhcpKind.ACK,
        transaction=1,
        client_mac=MAC,
        from_server=True,
        your_address=IPv4Address(address),
        options={code: value for code, value in written.items() if value},
    )
    return read_lease(message, server_mac=SERVER_MAC, asked_at=1000.0)


def test_times_begin_when_it_was_asked_for() -> None:
    lease = offered()
    assert lease is not None
    assert (lease.renew_at, lease.rebind_at, lease.expires_at) == (1300, 1525, 1600)
    assert lease.server_mac == SERVER_MAC


def test_the_servers_own_times_count() -> None:
    lease = offered(
        RENEWAL_SECONDS=(60).to_bytes(4, "big"), REBINDING_SECONDS=(120).to_bytes(4, "big")
    )
    assert lease is not None
    assert (lease.renew_at, lease.rebind_at) == (1060, 1120)


@pytest.mark.parametrize(("renewal", "rebinding"), [(400, 300), (0, 1), (500, 700), (1, 500)])
def test_times_out_of_order_are_replaced(renewal: int, rebinding: int) -> None:
    lease = offered(
        RENEWAL_SECONDS=renewal.to_bytes(4, "big"), REBINDING_SECONDS=rebinding.to_bytes(4, "big")
    )
    assert lease is not None
    assert (lease.renew_at, lease.rebind_at) == (1300, 1525)


def test_a_lease_for_ever_never_ends() -> None:
    lease = offered(seconds=0xFFFFFFFF)
    assert lease is not None
    assert lease.expires_at == lease.renew_at == math.inf


def test_routers_outside_of_the_network_are_left_out() -> None:
    lease = offered(ROUTERS=bytes((10, 0, 0, 1, 192, 168, 50, 100, 192, 168, 50, 1)))
    assert lease is not None
    assert lease.routers == (IPv4Address("192.168.50.1"),)


@pytest.mark.parametrize(
    ("address", "mask"),
    [("10.1.2.3", "255.0.0.0"), ("172.16.2.3", "255.240.0.0"), ("93.184.7.7", "255.255.0.0")],
)
def test_wide_networks_are_taken_where_they_are_private(address: str, mask: str) -> None:
    assert offered(address, mask) is not None


@pytest.mark.parametrize(
    ("address", "mask"),
    [
        ("0.0.0.0", "255.255.255.0"),
        ("192.168.50.0", "255.255.255.0"),
        ("192.168.50.255", "255.255.255.0"),
        ("127.0.0.5", "255.0.0.0"),
        ("224.0.0.5", "255.255.255.0"),
        ("250.0.0.5", "255.255.255.0"),
        ("10.1.2.3", "254.0.0.0"),
        ("93.184.7.7", "255.0.0.0"),
        ("93.184.7.7", "128.0.0.0"),
        ("93.184.7.7", "0.0.0.0"),
        ("192.168.50.100", "255.255.255.255"),
    ],
)
def test_addresses_that_no_player_should_have_are_not_taken(address: str, mask: str) -> None:
    assert offered(address, mask) is None


def test_what_lacks_an_essential_option_is_not_taken() -> None:
    assert offered(seconds=None) is None
    assert offered(seconds=5) is None
    assert offered(SERVER=b"") is None
    assert offered(SUBNET_MASK=b"") is None
