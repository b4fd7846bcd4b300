"""Candidates for an IPv4 link-local address."""

from ipaddress import IPv4Address

from lanparty_ethernet import link_local_candidate
from lanparty_proto import MacAddress


def candidates(octet: int) -> list[IPv4Address]:
    mac = MacAddress(bytes((2, 0, 0x5E, 0x10, 0, octet)))
    return [link_local_candidate(mac, attempt=attempt) for attempt in range(200)]


def test_all_lie_in_the_range_that_rfc_3927_leaves() -> None:
    for address in candidates(1):
        assert IPv4Address("169.254.1.0") <= address <= IPv4Address("169.254.254.255")


def test_the_same_mac_tries_the_same_ones_in_the_same_order() -> None:
    assert candidates(1) == candidates(1)


def test_other_macs_and_attempts_try_others() -> None:
    assert len({*candidates(1), *candidates(2)}) > 390
