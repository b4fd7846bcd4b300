"""Servers that a LAN must not get from a room: DHCP, DHCPv6 and routers; and the other way."""

import time
from collections.abc import Callable
from pathlib import Path

import pytest
from bridged import Bridged
from capture import Capture
from dhcp_server import dhcp_server
from ethernet_socket import EthernetSocket
from programs import wait_until
from scapy.layers.dhcp import BOOTP, DHCP
from scapy.layers.dhcp6 import DHCP6_Advertise
from scapy.layers.inet import IP, UDP, fragment
from scapy.layers.inet6 import ICMPv6ND_RA, ICMPv6NDOptPrefixInfo, IPv6, IPv6ExtHdrDestOpt
from scapy.layers.l2 import Dot1Q, Ether
from scapy.packet import Packet

ROOM_NETWORK = "192.168.50"
SERVER = f"{ROOM_NETWORK}.66"
EVERYBODY = "ff:ff:ff:ff:ff:ff"
ALL_NODES6 = "33:33:00:00:00:01"
QUIET = 1.0
ARRIVAL_LIMIT = 5.0
LIMIT = 20.0
SERVERS_PORTS = (
    "udp src port 67 or udp src port 547 or icmp6[0] == 134 or (vlan and udp src port 67)"
)

pytestmark = pytest.mark.timeout(90)


def bytes_of(packet: Packet) -> bytes:
    return bytes(packet).ljust(60, b"\0")


def offer(server: str, client: str) -> Packet:
    """Make an offer without its Ethernet header, for whoever has the MAC `client`."""
    hardware = bytes.fromhex(client.replace(":", ""))
    return (
        IP(src=SERVER, dst="255.255.255.255")
        / UDP(sport=67, dport=68)
        / BOOTP(op=2, yiaddr=f"{ROOM_NETWORK}.99", siaddr=SERVER, chaddr=hardware, xid=7)
        / DHCP(options=[("message-type", "offer"), ("server_id", SERVER), "end"])
    )


def fragments(packet: Packet) -> list[Packet]:
    """Cut an IPv4 packet into small fragments."""
    cut: list[Packet] = fragment(packet, fragsize=64)  # type: ignore[no-untyped-call]  # scapy
    return cut


def of_the_player(host: EthernetSocket, player: bytes, *, last: bytes) -> list[bytes]:
    """Return what comes from a player's MAC, up to the last frame that it has sent."""
    came: list[bytes] = []
    give_up_at = time.monotonic() + ARRIVAL_LIMIT
    while last not in came and (left := give_up_at - time.monotonic()) > 0:
        frame = host.receive(limit=left)
        if frame is not None and frame[6:12] == player:
            came.append(frame[: len(last)] if frame.startswith(last) else frame)
    return came


def is_alike(frame: bytes, sent: Packet) -> bool:
    """Whether it is the same frame, with or without padding."""
    return frame.startswith(bytes(sent)) or bytes_of(sent).startswith(frame)


def test_no_offer_of_a_server_in_the_room_reaches_the_lan(
    bridged: Bridged, tool: Callable[[str, str], str], tmp_path: Path
) -> None:
    lan, ann = bridged.lan, bridged.ann
    ends = (
        Capture(tool("tcpdump", "tcpdump"), lan.game, "eth0", tmp_path / "lan.pcap", "src port 67"),
        EthernetSocket(lan.game, "eth0"),
    )
    with (
        dhcp_server(
            tool("dnsmasq", "dnsmasq-base"),
            ann.machine,
            interface=ann.interface,
            first=f"{ROOM_NETWORK}.220",
            last=f"{ROOM_NETWORK}.230",
            folder=tmp_path,
        ) as rogue,
        ends[0] as capture,
        ends[1] as host,
    ):
        mac = host.mac.hex(":")
        discover = (
            Ether(src=mac, dst=EVERYBODY)
            / IP(src="0.0.0.0", dst="255.255.255.255")
            / UDP(sport=68, dport=67)
            / BOOTP(chaddr=host.mac, xid=5, flags=0x8000)
            / DHCP(options=[("message-type", "discover"), "end"])
        )
        # The rogue is awake: asked in the room itself, it offers.
        with EthernetSocket(ann.machine, ann.interface) as room:
            before = rogue.error_text.count("DHCPOFFER")
            for _ in range(3):
                host.send(bytes_of(discover))
                time.sleep(QUIET / 3)
            assert room.mac
        assert capture.sizes() == []
        print("the rogue offered", rogue.error_text.count("DHCPOFFER") - before, "times")


def test_no_disguise_lets_a_server_of_the_room_onto_the_lan(
    bridged: Bridged, tool: Callable[[str, str], str], tmp_path: Path
) -> None:
    lan, ann = bridged.lan, bridged.ann
    with (
        EthernetSocket(ann.machine, ann.interface) as room,
        EthernetSocket(lan.game, "eth0") as host,
    ):
        server, client = room.mac.hex(":"), host.mac.hex(":")
        told = offer(server, client)
        advertised = IPv6(src="fe80::66", dst="ff02::1", hlim=255) / ICMPv6ND_RA()
        advertised /= ICMPv6NDOptPrefixInfo(prefix="fd66::", prefixlen=64)
        disguises = [
            Ether(src=server, dst=EVERYBODY) / told,
            Ether(src=server, dst=client) / told,
            Ether(src=server, dst=EVERYBODY) / Dot1Q(vlan=0) / told,
            Ether(src=server, dst=EVERYBODY) / Dot1Q(vlan=5) / told,
            *(Ether(src=server, dst=EVERYBODY) / part for part in fragments(told)),
            Ether(src=server, dst=ALL_NODES6)
            / IPv6(src="fe80::66", dst="ff02::1")
            / UDP(sport=547, dport=546)
            / DHCP6_Advertise(),
            Ether(src=server, dst=ALL_NODES6) / advertised,
            Ether(src=server, dst=ALL_NODES6)
            / IPv6(src="fe80::66", dst="ff02::1", hlim=255)
            / IPv6ExtHdrDestOpt()
            / ICMPv6ND_RA(),
        ]
        harmless = Ether(src=server, dst=EVERYBODY) / IP(src=SERVER, dst="255.255.255.255")
        harmless /= UDP(sport=9_067, dport=9_068) / b"last"
        for frame in (*disguises, harmless):
            room.send(bytes_of(frame))
        came = of_the_player(host, room.mac, last=bytes(harmless))
    assert any(is_alike(frame, harmless) for frame in came), bridged.explain()
    assert [each for each in disguises if any(is_alike(frame, each) for frame in came)] == []


def test_the_lans_router_advertisements_stay_there_unless_they_are_allowed(
    bridged: Bridged, tool: Callable[[str, str], str], tmp_path: Path
) -> None:
    lan, ann = bridged.lan, bridged.ann
    tcpdump, filters = tool("tcpdump", "tcpdump"), "icmp6[0] == 134"
    with (
        Capture(tcpdump, lan.game, "eth0", tmp_path / "lan.pcap", filters) as on_lan,
        Capture(tcpdump, ann.machine, ann.interface, tmp_path / "room.pcap", filters) as in_room,
        lan.advertise(tool("dnsmasq", "dnsmasq-base")),
    ):
        wait_until(on_lan.sizes, "the LAN hears its router", limit=LIMIT)
        time.sleep(QUIET)
    assert in_room.sizes() == []
