from ipaddress import IPv4Address

import pytest
from scapy.layers.inet import ICMP, IP
from scapy.layers.l2 import ARP, Dot1Q, Ether
from scapy.packet import Raw

from lanparty_proto import BROADCAST, MacAddress
from lanparty_sim.virtual_host import (
    NEIGHBOUR_LIMIT,
    RECORD_LIMIT,
    VirtualHost,
    default_address,
)

ALICE = "02:00:00:00:00:01"
BOB = "02:00:00:00:00:02"
ALICE_IP, BOB_IP = "10.86.0.1", "10.86.0.2"


def alice() -> VirtualHost:
    return VirtualHost(mac=MacAddress.parse(ALICE), address=IPv4Address(ALICE_IP))


def bob() -> VirtualHost:
    return VirtualHost(mac=MacAddress.parse(BOB), address=IPv4Address(BOB_IP))


def ping_for_alice(destination: str = ALICE, target: str = ALICE_IP) -> bytes:
    packet = Ether(src=BOB, dst=destination) / IP(src=BOB_IP, dst=target)
    return bytes(packet / ICMP(id=7, seq=3) / Raw(b"data"))


@pytest.mark.parametrize(
    ("mac", "address"),
    [
        ("02:5c:01:02:03:04", "10.86.3.4"),
        ("02:5c:01:02:00:00", "10.86.0.1"),
        ("02:5c:01:02:ff:ff", "10.86.255.254"),
    ],
)
def test_the_address_of_a_host_that_was_given_none_follows_from_its_mac(
    mac: str, address: str
) -> None:
    assert default_address(MacAddress.parse(mac)) == IPv4Address(address)


def test_arp_for_its_address_is_answered_to_the_asker() -> None:
    request = Ether(src=BOB, dst="ff:ff:ff:ff:ff:ff") / ARP(
        op="who-has", hwsrc=BOB, psrc=BOB_IP, pdst=ALICE_IP
    )
    host = alice()
    (answer,) = host.receive_frame(bytes(request))
    packet = Ether(answer)
    assert (packet.src, packet.dst) == (ALICE, BOB)
    assert (packet[ARP].op, packet[ARP].hwsrc, packet[ARP].psrc) == (2, ALICE, ALICE_IP)
    assert (packet[ARP].hwdst, packet[ARP].pdst) == (BOB, BOB_IP)
    assert host.neighbours == {IPv4Address(BOB_IP): MacAddress.parse(BOB)}


def test_arp_for_others_is_theirs_to_answer() -> None:
    host = alice()
    assert host.receive_frame(bob().arp_request(IPv4Address("10.86.0.9"))) == []
    assert host.neighbours == {}


def test_a_ping_is_answered_with_its_own_data() -> None:
    (answer,) = alice().receive_frame(ping_for_alice())
    packet = Ether(answer)
    assert (packet.src, packet.dst) == (ALICE, BOB)
    assert (packet[IP].src, packet[IP].dst) == (ALICE_IP, BOB_IP)
    assert (packet[ICMP].type, packet[ICMP].id, packet[ICMP].seq) == (0, 7, 3)
    assert bytes(packet[Raw]) == b"data"


@pytest.mark.parametrize(
    "frame",
    [
        ping_for_alice(destination="02:00:00:00:00:09"),
        ping_for_alice(target="10.86.0.9"),
        ping_for_alice()[:30],
        ping_for_alice()[:-1] + b"X",
        bytes(Ether(src=BOB, dst=ALICE) / IP(src=BOB_IP, dst=ALICE_IP) / Raw(b"tcp?")),
        bytes(Ether(src=BOB, dst=ALICE, type=0x0806) / Raw(b"short")),
        b"runt",
        b"",
    ],
    ids=[
        "another host's frame",
        "another host's address",
        "truncated",
        "bad checksum",
        "no ping",
        "bad arp",
        "runt",
        "empty",
    ],
)
def test_what_is_not_for_it_is_recorded_and_not_answered(frame: bytes) -> None:
    host = alice()
    assert host.receive_frame(frame) == []
    assert host.recorded() == [frame]


def test_two_hosts_find_and_ping_each_other() -> None:
    one, other = alice(), bob()
    (reply,) = other.receive_frame(one.arp_request(other.address))
    assert one.receive_frame(reply) == []
    assert one.neighbours == {other.address: other.mac}
    sequence, request = one.echo_request(other.address)
    assert sequence not in one.echoes
    (answer,) = other.receive_frame(request)
    assert one.receive_frame(answer) == []
    assert sequence in one.echoes


def test_an_answer_to_somebody_elses_ping_is_not_its_own() -> None:
    host = alice()
    packet = Ether(src=BOB, dst=ALICE) / IP(src=BOB_IP, dst=ALICE_IP)
    host.receive_frame(bytes(packet / ICMP(type="echo-reply", id=0x7777, seq=1)))
    assert host.echoes == set()


def test_its_own_frames_say_where_they_come_from() -> None:
    packet = Ether(alice().frame(MacAddress.parse(BOB), b"payload", tag=100))
    assert (packet.src, packet.dst) == (ALICE, BOB)
    assert packet[Dot1Q].vlan == 100
    assert packet[Dot1Q].type == 0x88B6
    assert bytes(packet[Raw]) == b"payload"


def test_frames_are_counted_until_the_record_is_cleared() -> None:
    host = alice()
    frame = bob().frame(BROADCAST, b"hello")
    host.receive_frame(frame)
    host.receive_frame(frame)
    assert host.count(frame) == 2
    host.clear_record()
    assert host.count(frame) == 0
    assert host.recorded() == []


def test_the_record_is_bounded() -> None:
    host, sender = alice(), bob()
    frames = [sender.frame(BROADCAST, n.to_bytes(4)) for n in range(RECORD_LIMIT + 1)]
    for frame in frames:
        host.receive_frame(frame)
    assert host.recorded() == frames[1:]
    assert host.count(frames[0]) == 0


def test_a_liar_cannot_make_it_learn_without_end() -> None:
    host = alice()
    for number in range(NEIGHBOUR_LIMIT + 10):
        liar = VirtualHost(mac=MacAddress.parse(BOB), address=IPv4Address(number))
        host.receive_frame(liar.arp_request(host.address))
    assert len(host.neighbours) == NEIGHBOUR_LIMIT
