"""The DHCP client against dnsmasq: frames over a TAP, and a clock that the test turns.

dnsmasq takes a renewal at any time, so the client's hours pass in moments. It runs on the host's
side of the TAP; the test is the room on the other side, with a player's addressing in it.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from random import Random

import pytest
from namespaces import Namespace
from programs import Program, wait_until

from lanparty_client.addressing import Addressing, parse_address_choice
from lanparty_client.linux.tap import TapPort
from lanparty_ethernet import ETHERTYPE_ARP, ETHERTYPE_IPV4, ArpOperation, ArpPacket, PacketError
from lanparty_proto import MacAddress, encode_ethernet, parse_ethernet

ANSWER_LIMIT = 15.0
"""dnsmasq answers at once, as it is told not to ping first; the machine may be busy."""

MAC = MacAddress.parse("02:00:5e:10:00:01")
RIVAL = MacAddress.parse("02:00:5e:10:00:55")
SERVER_PEER = 4


@dataclass
class Player:
    """A player's addressing, and of its kernel only the answers to ARP."""

    port: TapPort
    server: Program
    now: float = 0.0
    addressing: Addressing = field(init=False)

    def __post_init__(self) -> None:
        self.addressing = Addressing(
            parse_address_choice("dhcp"), mac=MAC, random=Random(1), on_change=lambda: None
        )

    def addresses(self) -> list[str]:
        return [str(one) for one in self.addressing.addresses]

    def pass_time(self, seconds: float) -> None:
        """Turn the clock, and let it stand while an answer is under way."""
        end = self.now + seconds
        while True:
            self.port.write_frames(self.addressing.frames_to_send(now=self.now))
            if ETHERTYPE_IPV4 in self.addressing.ethertypes:
                wait_until(self.hear, "an answer", limit=ANSWER_LIMIT, explain=self.logged)
            due = self.addressing.next_deadline()
            if due is None or due > end:
                break
            self.now = max(self.now, due)
        self.now = end

    def hear(self) -> bool:
        """Take what the server's side has sent; tell whether an answer was among it."""
        heard = False
        for frame in self.port.read_frames():
            heard |= self.addressing.receive_frame(frame, source=SERVER_PEER, now=self.now)
            self.answer_arp(frame)
        return heard

    def answer_arp(self, frame: bytes) -> None:
        header = parse_ethernet(memoryview(frame))
        if header.ethertype != ETHERTYPE_ARP:
            return
        try:
            packet = ArpPacket.parse(header.payload)
        except PacketError:
            return
        own = [one.ip for one in self.addressing.addresses]
        if packet.operation is ArpOperation.REQUEST and packet.target_ip in own:
            reply = packet.reply(MAC).encode()
            self.port.write_frames([encode_ethernet(packet.sender_mac, MAC, ETHERTYPE_ARP, reply)])

    def logged(self) -> str:
        return self.server.text + self.server.error_text

    def wait_logged(self, what: str, *, times: int = 1) -> None:
        wait_until(
            lambda: self.logged().count(what) >= times, f"dnsmasq: {what}", limit=ANSWER_LIMIT
        )


@pytest.fixture
def player(
    machine: Callable[[str], Namespace], tool: Callable[[str, str], str], tmp_path: Path
) -> Iterator[Player]:
    """A player who has an address of dnsmasq already."""
    dnsmasq = tool("dnsmasq", "dnsmasq-base")
    host = machine("server")
    with host.entered():
        port = TapPort.open("lan0")
    try:
        host.ip("link", "set", "lan0", "up")
        host.ip("addr", "add", "192.168.50.1/24", "dev", "lan0")
        leases = tmp_path / "leases"
        leases.touch()
        server = host.start(
            *(dnsmasq, "--keep-in-foreground", "--log-facility=-", "--log-dhcp", "--port=0"),
            *("--conf-file=/dev/null", "--user=root", "--pid-file=", "--interface=lan0"),
            *("--bind-interfaces", "--no-ping", "--dhcp-authoritative"),
            *("--dhcp-range=192.168.50.100,192.168.50.150,255.255.255.0,10m",),
            f"--dhcp-leasefile={leases}",
            log=tmp_path / "dnsmasq.log",
        )
        made = Player(port, server)
        made.wait_logged("sockets bound")
        made.addressing.joined(lease=None, gateway=None, now=made.now)
        made.pass_time(2)
        yield made
    finally:
        port.close()


def test_dnsmasq_gives_an_address(player: Player) -> None:
    (address,) = player.addresses()
    assert address.startswith("192.168.50.1")
    assert address.endswith("/24")


def test_dnsmasq_renews_it(player: Player) -> None:
    before = player.addresses()
    for _ in range(4):
        player.pass_time(305)
    assert player.addresses() == before
    player.wait_logged("DHCPACK(lan0)", times=5)
    assert player.logged().count("DHCPDISCOVER(lan0)") == 1


def test_dnsmasq_confirms_it_after_an_outage(player: Player) -> None:
    before = player.addresses()
    player.addressing.disconnected(now=player.now)
    player.now += 20
    player.addressing.joined(lease=None, gateway=None, now=player.now)
    player.pass_time(2)
    assert player.addresses() == before
    player.wait_logged("DHCPACK(lan0)", times=2)
    assert player.logged().count("DHCPDISCOVER(lan0)") == 1


def test_dnsmasq_gives_another_for_one_that_somebody_uses(player: Player) -> None:
    (before,) = player.addressing.addresses
    claim = ArpPacket.announcement(mac=RIVAL, address=before.ip).encode()
    frame = encode_ethernet(b"\xff" * 6, RIVAL, ETHERTYPE_ARP, claim)
    for _ in range(2):
        player.addressing.receive_frame(frame, source=5, now=player.now)
    player.pass_time(15)
    player.wait_logged("DHCPDECLINE(lan0)")
    (after,) = player.addresses()
    assert after.startswith("192.168.50.1")
    assert after != str(before)


def test_dnsmasq_gets_it_back_at_leaving(player: Player) -> None:
    player.addressing.leave(now=player.now)
    player.pass_time(1)
    player.wait_logged("DHCPRELEASE(lan0)")
