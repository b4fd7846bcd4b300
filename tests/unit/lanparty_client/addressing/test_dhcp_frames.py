"""Which frames are DHCP answers to this machine, and what a question looks like as a frame."""

from ipaddress import IPv4Address

import pytest
from scapy.layers.dhcp import BOOTP, DHCP
from scapy.layers.inet import IP, TCP, UDP, IPOption_Router_Alert
from scapy.layers.l2 import Ether
from scapy.packet import Packet, Raw

from lanparty_client.addressing.dhcp_frames import answer_in, frame_of
from lanparty_ethernet import DhcpKind, DhcpMessage
from lanparty_proto import MacAddress

MAC = MacAddress.parse("02:00:5e:10:00:01")
OTHER = MacAddress.parse("02:00:5e:10:00:02")

ETHER = Ether(src=str(OTHER), dst=str(MAC))
IPV4 = IP(src="192.168.50.1", dst="192.168.50.100")
BOOT = BOOTP(op=2, xid=7, yiaddr="192.168.50.100", chaddr=MAC)
OFFER = DHCP(options=[("message-type", "offer"), "end"])


def to_client() -> UDP:
    return UDP(sport=67, dport=68)


@pytest.mark.parametrize(
    "frame",
    [
        ETHER / IPV4 / to_client() / BOOT / OFFER,
        Ether(src=str(OTHER), dst="ff:ff:ff:ff:ff:ff")
        / IP(src="192.168.50.1", dst="255.255.255.255")
        / to_client()
        / BOOT
        / OFFER,
        ETHER
        / IP(src="192.168.50.1", dst="192.168.50.100", options=[IPOption_Router_Alert()])
        / to_client()
        / BOOT
        / OFFER,
        ETHER / IPV4 / UDP(sport=67, dport=68, chksum=0) / BOOT / OFFER,
    ],
    ids=["unicast", "broadcast", "IP options", "no checksum"],
)
def test_an_answer_is_found(frame: Packet) -> None:
    message = answer_in(bytes(frame), mac=MAC)
    assert message is not None
    assert (message.kind, message.transaction) == (DhcpKind.OFFER, 7)


@pytest.mark.parametrize(
    "frame",
    [
        ETHER / IPV4 / UDP(sport=67, dport=69) / BOOT / OFFER,
        ETHER / IPV4 / TCP(sport=67, dport=68) / Raw(bytes(300)),
        ETHER / IPV4 / to_client() / BOOTP(op=2, xid=7, chaddr=OTHER) / OFFER,
        ETHER / IPV4 / to_client() / BOOTP(op=1, xid=7, chaddr=MAC) / OFFER,
        ETHER / IPV4 / to_client() / BOOT / Raw(bytes(64)),
        ETHER
        / IP(src="192.168.50.1", dst="192.168.50.100", flags="MF")
        / to_client()
        / BOOT
        / OFFER,
        ETHER / IPV4 / UDP(sport=67, dport=68, chksum=1) / BOOT / OFFER,
        ETHER / IPV4 / to_client() / Raw(b"short"),
    ],
    ids=["port", "TCP", "other MAC", "a client's", "BOOTP", "fragment", "checksum", "short"],
)
def test_everything_else_is_left_alone(frame: Packet) -> None:
    assert answer_in(bytes(frame), mac=MAC) is None


def test_a_question_to_all_goes_from_nobody_to_everybody() -> None:
    message = DhcpMessage(kind=DhcpKind.DISCOVER, transaction=7, client_mac=MAC)
    frame = Ether(frame_of(message))
    assert (frame.src, frame.dst) == (str(MAC), "ff:ff:ff:ff:ff:ff")
    assert (frame[IP].src, frame[IP].dst) == ("0.0.0.0", "255.255.255.255")
    assert (frame[UDP].sport, frame[UDP].dport) == (68, 67)
    checksum = frame[UDP].chksum
    del frame[UDP].chksum
    assert Ether(bytes(frame))[UDP].chksum == checksum


def test_a_question_to_one_server_goes_to_its_mac() -> None:
    message = DhcpMessage(kind=DhcpKind.REQUEST, transaction=7, client_mac=MAC)
    own, server = IPv4Address("192.168.50.100"), IPv4Address("192.168.50.1")
    frame = Ether(frame_of(message, source=own, server=server, server_mac=OTHER))
    assert (frame.src, frame.dst) == (str(MAC), str(OTHER))
    assert (frame[IP].src, frame[IP].dst) == (str(own), str(server))
