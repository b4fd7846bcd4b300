"""Who counts as one source."""

from ipaddress import IPv4Address, IPv6Address

import pytest

from lanparty_quic.sources import source_of


@pytest.mark.parametrize(
    ("host", "source"),
    [
        ("192.0.2.1", IPv4Address("192.0.2.1")),
        ("2001:db8:1:2:3:4:5:6", IPv6Address("2001:db8:1:2::")),
        ("2001:db8:1:2::", IPv6Address("2001:db8:1:2::")),
        ("2001:db8:1:3::1", IPv6Address("2001:db8:1:3::")),
        ("fe80::1%eth0", IPv6Address("fe80::")),
    ],
)
def test_a_source_is_an_ipv4_address_or_an_ipv6_64(
    host: str, source: IPv4Address | IPv6Address
) -> None:
    assert source_of((host, 1)) == source
