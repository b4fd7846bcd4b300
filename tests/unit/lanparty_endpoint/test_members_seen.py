from ipaddress import IPv4Address

from lanparty_endpoint.members_seen import MembersSeen
from lanparty_ethernet import ArpPacket
from lanparty_proto import BROADCAST, MacAddress

ANN = MacAddress.parse("02:00:5e:10:00:01")
ANNS = IPv4Address("10.1.2.1")
BOBS = IPv4Address("10.1.2.2")


def request(mac: MacAddress, address: IPv4Address) -> bytes:
    packet = ArpPacket.request(sender_mac=mac, sender_ip=address, target=BOBS)
    return BROADCAST + mac + b"\x08\x06" + packet.encode()


def test_the_sender_of_an_arp_packet_is_known_by_its_address() -> None:
    seen = MembersSeen()
    assert not seen.receive_frame(request(ANN, ANNS), source=1, now=0.0)
    assert seen.addresses == {ANN: ANNS}
    seen.receive_frame(request(ANN, BOBS), source=1, now=1.0)
    assert seen.addresses == {ANN: BOBS}


def test_a_probe_tells_no_address() -> None:
    seen = MembersSeen()
    seen.receive_frame(request(ANN, IPv4Address(0)), source=1, now=0.0)
    assert seen.addresses == {}


def test_nobody_tells_an_address_for_another_s_mac() -> None:
    seen = MembersSeen()
    bob = MacAddress.parse("02:00:5e:10:00:02")
    seen.receive_frame(BROADCAST + bob + request(ANN, ANNS)[12:], source=2, now=0.0)
    assert seen.addresses == {}


def test_garbage_is_nothing() -> None:
    seen = MembersSeen()
    for frame in (b"", b"\0" * 14, request(ANN, ANNS)[:30]):
        assert not seen.receive_frame(frame, source=1, now=0.0)
    assert seen.addresses == {}


def test_what_one_member_can_claim_is_bounded() -> None:
    seen = MembersSeen()
    for number in range(3_000):
        mac = MacAddress(b"\x02\x00" + number.to_bytes(4, "big"))
        seen.receive_frame(request(mac, ANNS), source=1, now=0.0)
    assert len(seen.addresses) == 1_024


def test_it_says_nothing_and_waits_for_nothing() -> None:
    seen = MembersSeen()
    assert seen.frames_to_send(now=0.0) == []
    assert seen.next_deadline() is None
