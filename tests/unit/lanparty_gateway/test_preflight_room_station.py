"""The station that looks for DHCP servers in the room."""

from ipaddress import IPv4Address

from lanparty_client_core.station import Station
from lanparty_ethernet import (
    DHCP_CLIENT_PORT,
    DHCP_SERVER_PORT,
    ETHERTYPE_IPV4,
    PROTOCOL_UDP,
    DhcpKind,
    DhcpMessage,
    DhcpOption,
    Ipv4Packet,
    UdpDatagram,
)
from lanparty_gateway.preflight import DhcpServer, RoomDhcpStation
from lanparty_gateway.preflight.room_station import ANSWER_SECONDS
from lanparty_proto import BROADCAST, CUSTOMER_TAG, MacAddress, VlanTag, encode_ethernet

MAC = MacAddress.parse("02:00:5e:10:00:01")
SERVER_MAC = MacAddress.parse("02:00:5e:10:00:02")
SERVER = IPv4Address("10.0.0.1")


def station() -> RoomDhcpStation:
    return RoomDhcpStation(MAC, transaction=7)


def offer(*, transaction: int = 7, tag: VlanTag | None = None) -> bytes:
    message = DhcpMessage(
        kind=DhcpKind.OFFER,
        transaction=transaction,
        client_mac=MAC,
        from_server=True,
        options={DhcpOption.SERVER: SERVER.packed},
    )
    datagram = UdpDatagram(DHCP_SERVER_PORT, DHCP_CLIENT_PORT, message.encode())
    everybody = IPv4Address("255.255.255.255")
    packet = Ipv4Packet(
        source=SERVER,
        destination=everybody,
        protocol=PROTOCOL_UDP,
        payload=datagram.encode(source=SERVER, destination=everybody),
    )
    return encode_ethernet(BROADCAST, SERVER_MAC, ETHERTYPE_IPV4, packet.encode(), tag=tag)


def test_it_is_a_station() -> None:
    under_test: Station = station()
    assert under_test.ethertypes == frozenset()


def test_it_sleeps_until_there_is_a_room_and_after_the_answers_can_have_come() -> None:
    under_test = station()
    assert under_test.next_deadline() == float("-inf")
    assert len(under_test.frames_to_send(now=50.0)) == 1
    assert under_test.ethertypes == {ETHERTYPE_IPV4}
    assert under_test.next_deadline() == 51.0
    assert under_test.frames_to_send(now=50.5) == []
    assert len(under_test.frames_to_send(now=51.0)) == 1
    assert under_test.next_deadline() == 50.0 + ANSWER_SECONDS
    assert under_test.frames_to_send(now=50.0 + ANSWER_SECONDS) == []
    assert under_test.next_deadline() is None
    assert under_test.ethertypes == frozenset()


def test_it_says_when_it_is_over() -> None:
    under_test = station()
    said = []
    for now in (50.0, 53.0, 53.2):
        under_test.frames_to_send(now=now)
        said.append(under_test.is_over)
    assert said == [False, False, True]


def test_a_late_turn_ends_it_all_the_same() -> None:
    under_test = station()
    under_test.frames_to_send(now=50.0)
    assert under_test.frames_to_send(now=99.0) == []
    assert under_test.is_over


def test_answers_to_it_are_kept_from_the_lan_and_others_pass() -> None:
    under_test = station()
    under_test.frames_to_send(now=50.0)
    assert under_test.receive_frame(offer(), source=3, now=50.1)
    assert not under_test.receive_frame(offer(transaction=8), source=3, now=50.1)
    assert not under_test.receive_frame(offer(tag=VlanTag(CUSTOMER_TAG, 20)), source=3, now=50.1)
    assert not under_test.receive_frame(b"short", source=3, now=50.1)
    assert under_test.servers == (DhcpServer(address=SERVER),)
