"""A segment on a simulated clock, with stations, ordinary hosts and a DHCP server on it."""

from collections.abc import Callable
from dataclasses import dataclass, field
from heapq import heappop, heappush
from ipaddress import IPv4Address, IPv4Interface, IPv4Network
from itertools import count
from random import Random
from typing import Any, Protocol

import pytest
from scapy.layers.dhcp import BOOTP, DHCP
from scapy.layers.inet import IP, UDP
from scapy.layers.l2 import ARP, Ether

from lanparty_client.addressing import Addressing, parse_address_choice
from lanparty_client_core.station import Station
from lanparty_ctrl import AddressLease
from lanparty_proto import MacAddress

DELAY = 0.02
"""From one member to another, in seconds."""


def mac_of(number: int) -> MacAddress:
    return MacAddress.parse(f"02:00:5e:10:00:{number:02x}")


SERVER_MAC = mac_of(0xFE)


class Host(Protocol):
    """Answers frames at once."""

    def receive_frame(self, frame: bytes, *, now: float) -> list[bytes]: ...


@dataclass
class ArpHost:
    """An ordinary computer: answers who asks for its address."""

    mac: MacAddress
    address: str

    def receive_frame(self, frame: bytes, *, now: float) -> list[bytes]:
        packet = Ether(frame)
        if ARP not in packet or packet[ARP].op != 1 or packet[ARP].pdst != self.address:
            return []
        asking = packet[ARP]
        if asking.psrc == self.address:
            return []  # an announcement; it has nothing to say to that
        answer = Ether(src=str(self.mac), dst=asking.hwsrc) / ARP(
            op=2, hwsrc=str(self.mac), psrc=self.address, hwdst=asking.hwsrc, pdst=asking.psrc
        )
        return [bytes(answer)]

    def claim(self) -> bytes:
        """An announcement of its address."""
        return bytes(
            Ether(src=str(self.mac), dst="ff:ff:ff:ff:ff:ff")
            / ARP(op=1, hwsrc=str(self.mac), psrc=self.address, pdst=self.address)
        )


@dataclass
class DhcpServer:
    """Gives one address after another, written with scapy alone."""

    network: str = "192.168.50.0/24"
    router: str | None = "192.168.50.1"
    dns: str | None = None
    seconds: int = 600
    mac: MacAddress = SERVER_MAC
    next_host: int = 100
    answers: bool = True
    refuses: bool = False
    seen: list[tuple[str, str]] = field(default_factory=list)
    """Message types with the address that each was about."""
    given: dict[bytes, str] = field(default_factory=dict)

    @property
    def address(self) -> str:
        return str(self._net[1])

    def receive_frame(self, frame: bytes, *, now: float) -> list[bytes]:
        packet = Ether(frame)
        if DHCP not in packet or packet[UDP].dport != 67:
            return []
        options: dict[str, Any] = dict(
            one for one in packet[DHCP].options if isinstance(one, tuple)
        )
        kind = {1: "discover", 3: "request", 4: "decline", 7: "release"}[options["message-type"]]
        wanted = options.get("requested_addr", packet[BOOTP].ciaddr)
        self.seen.append((kind, wanted))
        mac = packet[BOOTP].chaddr[:6]
        if kind in ("decline", "release"):
            self.given.pop(mac, None)
            return []
        if not self.answers:
            return []
        if kind == "request" and "server_id" in options and options["server_id"] != self.address:
            return []
        if kind == "request" and (self.refuses or IPv4Address(wanted) not in self._net):
            return [self.answer(packet, "nak", "0.0.0.0")]
        is_free = mac not in self.given and IPv4Address(wanted) in self._net
        if is_free or (kind == "request" and wanted != "0.0.0.0"):
            self.given[mac] = wanted
        elif mac not in self.given:
            self.given[mac] = str(self._net[self.next_host])
            self.next_host += 1
        return [self.answer(packet, "offer" if kind == "discover" else "ack", self.given[mac])]

    @property
    def _net(self) -> IPv4Network:
        return IPv4Network(self.network)

    def answer(self, asked: Ether, kind: str, address: str) -> bytes:
        options: list[object] = [("message-type", kind), ("server_id", self.address)]
        if kind != "nak":
            options += [
                ("lease_time", self.seconds),
                ("subnet_mask", str(self._net.netmask)),
            ]
            if self.router is not None:
                options.append(("router", self.router))
            if self.dns is not None:
                options.append(("name_server", self.dns))
        destination = "255.255.255.255" if kind == "nak" else address
        return bytes(
            Ether(src=str(self.mac), dst=asked.src)
            / IP(src=self.address, dst=destination)
            / UDP(sport=67, dport=68)
            / BOOTP(op=2, xid=asked[BOOTP].xid, yiaddr=address, chaddr=asked[BOOTP].chaddr[:16])
            / DHCP(options=[*options, "end"])
        )


class Segment:
    """Delivers every frame to all the others after a while; jumps from one deadline to the next."""

    def __init__(self) -> None:
        self.now = 1000.0
        self.sent: list[tuple[float, int, bytes]] = []
        """When, by which peer, and what."""
        self.kept: list[bytes] = []
        """Frames that a station kept from its port."""
        self.cut_off: set[int] = set()
        """Peers whose frames go nowhere, and that get none."""
        self._stations: dict[int, Station] = {}
        self._hosts: dict[int, list[Host]] = {}
        self._under_way: list[tuple[float, int, int, bytes]] = []
        self._order = count()

    def attach(self, peer: int, station: Station) -> None:
        self._stations[peer] = station

    def add_host(self, peer: int, host: Host) -> None:
        """Put a host behind a peer: several behind one make it a gateway."""
        self._hosts.setdefault(peer, []).append(host)

    def send(self, peer: int, frame: bytes) -> None:
        self.sent.append((self.now, peer, frame))
        if peer not in self.cut_off:
            heappush(self._under_way, (self.now + DELAY, next(self._order), peer, frame))

    def run(self, seconds: float) -> None:
        """Let time pass."""
        end = self.now + seconds
        turns = 0
        while True:
            turns += 1
            assert turns < 100_000, "somebody doesn't let time pass"
            self._take_frames()
            due = [station.next_deadline() for station in self._active()]
            if self._under_way:
                due.append(self._under_way[0][0])
            at = min((when for when in due if when is not None), default=end)
            if at > end:
                break
            self.now = max(self.now, at)
            self._deliver()
            if at >= end and not any(self._is_due(station) for station in self._active()):
                break
        self.now = end

    def _active(self) -> list[Station]:
        return [one for peer, one in self._stations.items() if peer not in self.cut_off]

    def _is_due(self, station: Station) -> bool:
        at = station.next_deadline()
        return at is not None and at <= self.now

    def _take_frames(self) -> None:
        for peer, station in list(self._stations.items()):
            if peer not in self.cut_off and self._is_due(station):
                for frame in station.frames_to_send(now=self.now):
                    self.send(peer, frame)

    def _deliver(self) -> None:
        while self._under_way and self._under_way[0][0] <= self.now:
            _, _, source, frame = heappop(self._under_way)
            for peer, hosts in list(self._hosts.items()):
                if peer != source and peer not in self.cut_off:
                    for host in hosts:
                        for answer in host.receive_frame(frame, now=self.now):
                            self.send(peer, answer)
            kind = int.from_bytes(frame[12:14])
            for peer, station in list(self._stations.items()):
                if peer == source or peer in self.cut_off or kind not in station.ethertypes:
                    continue
                if station.receive_frame(frame, source=source, now=self.now):
                    self.kept.append(frame)


@dataclass
class Machine:
    """One player's addressing on the segment."""

    segment: Segment
    peer: int
    addressing: Addressing
    changes: list[tuple[float, list[str]]]
    """When the addresses changed, and to what."""

    @property
    def mac(self) -> MacAddress:
        return mac_of(self.peer)

    @property
    def addresses(self) -> list[str]:
        return [str(one) for one in self.addressing.addresses]

    def join(self, lease: str | None = None, *, gateway: int | None = None) -> None:
        self.addressing.joined(lease=lease_of(lease), gateway=gateway, now=self.segment.now)

    def sent(self) -> list[tuple[float, bytes]]:
        return [(when, frame) for when, peer, frame in self.segment.sent if peer == self.peer]

    def arp_sent(self) -> list[tuple[float, str, str]]:
        """When, the sender's address, and the target's."""
        return [
            (when, Ether(frame)[ARP].psrc, Ether(frame)[ARP].pdst)
            for when, frame in self.sent()
            if frame[12:14] == b"\x08\x06"
        ]


def lease_of(text: str | None) -> AddressLease | None:
    if text is None:
        return None
    interface = IPv4Interface(text)
    return AddressLease(
        address=interface.ip, prefix_length=interface.network.prefixlen, seconds=86_400
    )


@pytest.fixture
def segment() -> Segment:
    return Segment()


@pytest.fixture
def dhcp_server() -> Callable[..., DhcpServer]:
    return DhcpServer


@pytest.fixture
def arp_host() -> Callable[[int, str], ArpHost]:
    return lambda number, address: ArpHost(mac_of(number), address)


@pytest.fixture
def machine(segment: Segment) -> Callable[..., Machine]:
    """Make a player's addressing: by its peer id and its choice."""

    def make(peer: int, choice: str = "auto", **options: bool) -> Machine:
        changes: list[tuple[float, list[str]]] = []
        addressing = Addressing(
            parse_address_choice(choice),
            mac=mac_of(peer),
            random=Random(peer),
            on_change=lambda: changes.append((segment.now, made.addresses)),
            **options,
        )
        made = Machine(segment, peer, addressing, changes)
        segment.attach(peer, addressing)
        return made

    return make
