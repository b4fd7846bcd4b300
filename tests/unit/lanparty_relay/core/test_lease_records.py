"""One room's addresses."""

from ipaddress import IPv4Address, IPv4Network

from lanparty_proto import MacAddress
from lanparty_relay.core.lease_records import FIRST_HOST, LAST_HOST, LeaseRecord

ANN, BOB = (MacAddress(bytes([2, 0, 0, 0, 0, last])) for last in (1, 2))


def record() -> LeaseRecord:
    network = IPv4Network("10.171.5.0/24")
    return LeaseRecord(key="00" * 16, seed=0, network=network, accepted_overlap=-1)


def test_who_is_assigned_a_host_number_has_an_address_of_the_network() -> None:
    room = record()
    room.assign(ANN, 34)
    assert room.address(ANN) == IPv4Address("10.171.5.34")
    assert room.holder(34) == ANN
    room.release(ANN)
    assert room.holder(34) is None


def test_only_hosts_of_the_network_that_may_be_leased_have_a_number() -> None:
    room = record()
    assert room.host_of(IPv4Address("10.171.5.2")) == 2
    assert room.host_of(IPv4Address("10.171.5.254")) == 254
    for unfit in ("10.171.5.0", "10.171.5.1", "10.171.5.255", "10.171.4.34", "192.168.0.2"):
        assert room.host_of(IPv4Address(unfit)) is None


def test_a_free_host_depends_on_the_mac_alone_while_nobody_has_it() -> None:
    assert record().free_host(ANN) == record().free_host(ANN)
    assert record().free_host(ANN) != record().free_host(BOB)


def test_every_host_number_is_found_before_there_is_none() -> None:
    room = record()
    for number in range(LAST_HOST - FIRST_HOST + 1):
        mac = MacAddress(b"\x02\x00\x00\x00\x01" + bytes([number]))
        host = room.free_host(mac)
        assert host is not None
        room.assign(mac, host)
    assert sorted(room.hosts.values()) == list(range(FIRST_HOST, LAST_HOST + 1))
    assert room.free_host(ANN) is None
