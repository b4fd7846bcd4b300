"""What an endpoint allows."""

import pytest

from lanparty_quic import EndpointLimits


@pytest.mark.parametrize(
    ("host", "size"),
    [("192.0.2.1", 1472), ("2001:db8::1", 1452), ("fe80::1%3", 1452)],
)
def test_the_largest_packet_fits_an_ethernet_frame_with_the_headers_of_its_family(
    host: str, size: int
) -> None:
    assert EndpointLimits().packet_size_to_reach(host) == size


@pytest.mark.parametrize("host", ["192.0.2.1", "2001:db8::1"])
def test_a_size_that_was_chosen_is_the_same_over_either_family(host: str) -> None:
    assert EndpointLimits(largest_packet_size=1452).packet_size_to_reach(host) == 1452
