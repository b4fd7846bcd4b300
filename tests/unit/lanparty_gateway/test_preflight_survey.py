"""What the preflight asks a LAN, when, and what it makes of the answers."""

from ipaddress import IPv4Address

import pytest

from lanparty_ethernet import (
    DHCP_CLIENT_PORT,
    DHCP_SERVER_PORT,
    ETHERTYPE_ARP,
    ETHERTYPE_IPV4,
    PROTOCOL_UDP,
    ArpOperation,
    ArpPacket,
    DhcpKind,
    DhcpMessage,
    DhcpOption,
    Ipv4Packet,
    Probe,
    ProbeKind,
    UdpDatagram,
)
from lanparty_gateway.preflight import DhcpServer
from lanparty_gateway.preflight.facts import ForeignMacFacts, LanFacts
from lanparty_gateway.preflight.survey import Survey
from lanparty_proto import (
    BROADCAST,
    CUSTOMER_TAG,
    EthernetHeader,
    MacAddress,
    VlanTag,
    encode_ethernet,
    parse_ethernet,
)

OWN = MacAddress.parse("3c:52:82:10:00:01")
NOBODY = MacAddress.parse("02:00:5e:10:00:77")
ROUTER_MAC = MacAddress.parse("3c:52:82:10:00:02")
ROUTER = IPv4Address("192.168.7.1")
HOST = IPv4Address("192.168.7.9")
ANYBODY = IPv4Address("255.255.255.255")
EMPTY = LanFacts(permitted=True)


def survey(
    *, mac_nat: bool = False, vlan: int | None = None, hosts: tuple[IPv4Address, ...] = (ROUTER,)
) -> Survey:
    return Survey(
        OWN, nobody=NOBODY, transaction=7, mac_nat=mac_nat, vlan=vlan, hosts=hosts, now=100.0
    )


def run(under_test: Survey) -> list[tuple[float, EthernetHeader]]:
    """Let nobody answer; return what was sent, and how long after the beginning."""
    sent: list[tuple[float, EthernetHeader]] = []
    for _ in range(20):
        deadline = under_test.next_deadline()
        if deadline is None:
            return sent
        frames = under_test.frames_to_send(now=deadline)
        sent += [(deadline - 100, parse_ethernet(memoryview(frame))) for frame in frames]
    raise AssertionError("the asking has no end")


def arp_of(header: EthernetHeader) -> ArpPacket:
    return ArpPacket.parse(header.payload)


def dhcp_of(header: EthernetHeader) -> DhcpMessage:
    packet = Ipv4Packet.parse(header.payload)
    datagram = UdpDatagram.parse(
        packet.payload, source=packet.source, destination=packet.destination
    )
    assert (datagram.source_port, datagram.destination_port) == (68, 67)
    return DhcpMessage.parse(datagram.payload)


def offer(
    question: DhcpMessage,
    *,
    server: IPv4Address = ROUTER,
    checksum: bool = True,
    tag: VlanTag | None = None,
    named: bool = True,
    kind: DhcpKind = DhcpKind.OFFER,
) -> bytes:
    message = DhcpMessage(
        kind=kind,
        transaction=question.transaction,
        client_mac=question.client_mac,
        from_server=True,
        your_address=HOST,
        options={DhcpOption.SERVER: server.packed} if named else {},
    )
    octets = bytearray(
        UdpDatagram(DHCP_SERVER_PORT, DHCP_CLIENT_PORT, message.encode()).encode(
            source=server, destination=ANYBODY
        )
    )
    if not checksum:
        octets[6:8] = b"\x12\x34"  # only the pseudo header's part, as a virtual cable leaves it
    packet = Ipv4Packet(
        source=server, destination=ANYBODY, protocol=PROTOCOL_UDP, payload=bytes(octets)
    )
    return encode_ethernet(BROADCAST, ROUTER_MAC, ETHERTYPE_IPV4, packet.encode(), tag=tag)


def question_of(under_test: Survey) -> DhcpMessage:
    [frame] = under_test.frames_to_send(now=100.0)
    return dhcp_of(parse_ethernet(memoryview(frame)))


def test_only_arp_probes_and_two_dhcp_questions_are_asked() -> None:
    sent = run(survey())
    assert [(round(at, 1), header.ethertype) for at, header in sent] == [
        (0.0, ETHERTYPE_IPV4),
        *[(0.1, ETHERTYPE_ARP)] * 2,
        *[(0.9, ETHERTYPE_ARP)] * 2,
        (1.0, ETHERTYPE_IPV4),
        *[(1.7, ETHERTYPE_ARP)] * 2,
    ]
    assert all(header.destination == BROADCAST for _, header in sent)


def test_a_host_is_asked_by_a_nobody_and_by_the_interface_neither_with_an_ip_address() -> None:
    probes = [header for _, header in run(survey()) if header.ethertype == ETHERTYPE_ARP]
    assert all(arp_of(header).is_probe and arp_of(header).target_ip == ROUTER for header in probes)
    senders = {MacAddress(header.source) for header in probes}
    assert all(arp_of(header).sender_mac == header.source for header in probes)
    assert senders == {OWN, NOBODY}


def test_addresses_are_asked_for_by_the_nobody_then_sent_by_the_interface() -> None:
    discovers = [header for _, header in run(survey()) if header.ethertype == ETHERTYPE_IPV4]
    messages = [dhcp_of(header) for header in discovers]
    assert {message.kind for message in messages} == {DhcpKind.DISCOVER}
    assert all(message.broadcast for message in messages)
    assert [message.seconds for message in messages] == [0, 1]
    assert {(message.client_mac, message.transaction) for message in messages} == {(NOBODY, 7)}
    assert [header.source for header in discovers] == [NOBODY, OWN]


def test_with_mac_nat_every_frame_comes_from_the_interface() -> None:
    sent = run(survey(mac_nat=True))
    assert {header.source for _, header in sent} == {OWN}
    assert {header.ethertype for _, header in sent} == {ETHERTYPE_IPV4}
    assert survey(mac_nat=True).report(EMPTY, now=101).foreign_mac is None


def test_all_questions_of_a_vlan_carry_its_tag() -> None:
    assert all(
        header.tag is not None and header.tag.vlan == 20 for _, header in run(survey(vlan=20))
    )


def answered(under_test: Survey, *, to: str, operation: ArpOperation = ArpOperation.REPLY) -> None:
    """Answer what was asked last, to the nobody or to the interface."""
    under_test.frames_to_send(now=100.0)
    probes = [parse_ethernet(memoryview(f)) for f in under_test.frames_to_send(now=100.1)]
    (asker,) = (
        MacAddress(each.source) for each in probes if (each.source == OWN) == (to == "interface")
    )
    reply = ArpPacket(operation, ROUTER_MAC, ROUTER, asker, IPv4Address(0))
    under_test.receive([encode_ethernet(asker, ROUTER_MAC, ETHERTYPE_ARP, reply.encode())])


def foreign_of(under_test: Survey) -> ForeignMacFacts:
    found = under_test.report(EMPTY, now=103.2).foreign_mac
    assert found is not None
    return found


def test_an_answer_to_the_nobody_ends_the_asking() -> None:
    under_test = survey()
    answered(under_test, to="nobody")
    assert foreign_of(under_test).foreign_answered
    assert all(header.ethertype == ETHERTYPE_IPV4 for _, header in run(under_test))


def test_an_answer_to_the_interface_alone_shows_that_the_host_is_there() -> None:
    under_test = survey()
    answered(under_test, to="interface")
    found = foreign_of(under_test)
    assert (found.foreign_answered, found.own_answered) == (False, True)


def test_a_request_is_no_answer() -> None:
    under_test = survey()
    answered(under_test, to="nobody", operation=ArpOperation.REQUEST)
    assert not foreign_of(under_test).foreign_answered


def test_without_a_known_host_nobody_is_asked() -> None:
    under_test = survey(hosts=())
    run(under_test)
    assert foreign_of(under_test).asked == ()


def test_a_host_that_speaks_meanwhile_is_asked_three_times() -> None:
    under_test = survey(hosts=())
    under_test.frames_to_send(now=100.2)
    spoken = ArpPacket.request(sender_mac=ROUTER_MAC, sender_ip=HOST, target=ROUTER)
    under_test.receive([encode_ethernet(BROADCAST, ROUTER_MAC, ETHERTYPE_ARP, spoken.encode())])
    run(under_test)
    assert (foreign_of(under_test).asked, foreign_of(under_test).tries) == ((HOST,), 3)


def test_who_offers_an_address_is_asked_too() -> None:
    under_test = survey(hosts=())
    under_test.receive([offer(question_of(under_test))])
    run(under_test)
    assert foreign_of(under_test).asked == (ROUTER,)


def test_a_crowd_of_hosts_is_not_asked_one_by_one() -> None:
    crowd = tuple(IPv4Address(f"192.168.7.{number}") for number in range(1, 200))
    under_test = survey(hosts=crowd)
    run(under_test)
    assert foreign_of(under_test).asked == crowd[:3]


@pytest.mark.parametrize("checksum", [True, False])
def test_servers_are_counted_by_their_identifiers(checksum: bool) -> None:
    under_test = survey()
    question = question_of(under_test)
    other = IPv4Address("192.168.7.3")
    once = offer(question, checksum=checksum)
    under_test.receive([offer(question, server=other), once, once])
    assert under_test.report(EMPTY, now=101).dhcp_servers == (
        DhcpServer(address=ROUTER),
        DhcpServer(address=other),
    )


def test_a_server_that_doesnt_name_itself_is_known_by_its_packet() -> None:
    under_test = survey()
    under_test.receive([offer(question_of(under_test), named=False)])
    assert under_test.report(EMPTY, now=101).dhcp_servers == (DhcpServer(address=ROUTER),)


def test_offers_to_others_and_other_messages_are_no_servers_of_ours() -> None:
    under_test = survey()
    question = question_of(under_test)
    stranger = DhcpMessage(
        kind=DhcpKind.DISCOVER,
        transaction=question.transaction ^ 1,
        client_mac=question.client_mac,
    )
    under_test.receive([offer(stranger), offer(question, kind=DhcpKind.NAK)])
    assert under_test.report(EMPTY, now=101).dhcp_servers == ()


def test_a_flood_of_offers_is_bounded() -> None:
    under_test = survey()
    question = question_of(under_test)
    flood = (offer(question, server=IPv4Address(number)) for number in range(1, 1000))
    under_test.receive(flood)
    assert len(under_test.report(EMPTY, now=101).dhcp_servers) == 16


TAG_20 = VlanTag(CUSTOMER_TAG, 20)


def test_what_happens_in_another_vlan_is_another_lan() -> None:
    under_test = survey()
    under_test.receive([offer(question_of(under_test), tag=TAG_20), loop_probe(7, tag=TAG_20)])
    found = under_test.report(EMPTY, now=101)
    assert found.dhcp_servers == ()
    assert found.heard is not None
    assert (found.heard.vlans, found.heard.gateways) == ((20,), ())


def test_with_a_vlan_its_tagged_frames_are_the_lan() -> None:
    under_test = survey(vlan=20)
    under_test.receive([offer(question_of(under_test), tag=TAG_20), loop_probe(7, tag=TAG_20)])
    found = under_test.report(EMPTY, now=101)
    assert len(found.dhcp_servers) == 1
    assert found.heard is not None
    assert found.heard.gateways == (7,)


def loop_probe(nonce: int, *, tag: VlanTag | None = None) -> bytes:
    payload = Probe(kind=ProbeKind.LOOP, nonce=nonce).encode()
    return encode_ethernet(BROADCAST, ROUTER_MAC, 0x88B5, payload, tag=tag)


def heard(*frames: bytes) -> tuple[tuple[int, ...], tuple[str, ...], tuple[int, ...]]:
    under_test = survey()
    under_test.receive(frames)
    found = under_test.report(EMPTY, now=103.2).heard
    assert found is not None
    assert found.seconds == pytest.approx(3.2)
    return found.gateways, found.spanning_trees, found.vlans


def test_gateways_are_heard_by_their_loop_probes_alone() -> None:
    question = Probe(kind=ProbeKind.SEEN_BY, nonce=5).frame(BROADCAST, ROUTER_MAC)
    assert heard(loop_probe(9), loop_probe(3), loop_probe(9), question) == ((3, 9), (), ())


def test_a_flood_of_gateway_ids_is_bounded() -> None:
    gateways, _, _ = heard(*(loop_probe(number) for number in range(1000)))
    assert len(gateways) == 16


BRIDGES = bytes.fromhex("0180c2000000")
CISCO = bytes.fromhex("01000ccccccd")


@pytest.mark.parametrize(
    ("destination", "payload", "name"),
    [
        (BRIDGES, "424203 0000 00 00", "STP"),
        (BRIDGES, "424203 0000 00 80", "STP"),  # a topology change (clause 9.3.2 of 802.1D-2004)
        (BRIDGES, "424203 0000 02 02", "RSTP"),
        (BRIDGES, "424203 0000 03 02", "MSTP"),
        (BRIDGES, "424203 0000 04 02", "SPT"),
        (BRIDGES, "424203 0000 09 02", "RSTP"),
        (BRIDGES, "424203 0000", "STP"),
        (CISCO, "aaaa03 00000c 010b 0000 02", "PVST+"),
    ],
)
def test_spanning_trees_are_known_by_their_messages(
    destination: bytes, payload: str, name: str
) -> None:
    octets = bytes.fromhex(payload)
    frame = encode_ethernet(destination, ROUTER_MAC, len(octets), octets)
    assert heard(frame) == ((), (name,), ())


@pytest.mark.parametrize(
    ("destination", "payload"),
    [
        (BRIDGES, "fefe03"),
        (BRIDGES, ""),
        (CISCO, "aaaa03 00000c 2000"),
        (BROADCAST, "424203 0000 02 02"),
    ],
)
def test_other_messages_of_switches_are_no_spanning_tree(destination: bytes, payload: str) -> None:
    octets = bytes.fromhex(payload)
    assert heard(encode_ethernet(destination, ROUTER_MAC, len(octets), octets)) == ((), (), ())


def test_a_tag_for_priority_alone_is_no_vlan() -> None:
    urgent = VlanTag(CUSTOMER_TAG, 0xE000)
    assert heard(loop_probe(3, tag=urgent)) == ((3,), (), ())


def test_what_is_no_frame_is_passed_over() -> None:
    assert heard(b"", b"\0" * 13, b"\0" * 12 + b"\x81\x00") == ((), (), ())
