"""The kernel's filter, the bridge and MAC-NAT hear of room and interface together."""

import asyncio
from ipaddress import ip_address, ip_interface

import pytest
from scapy.layers.inet6 import ICMPv6ND_NA, ICMPv6NDOptDstLLAddr, IPv6
from scapy.layers.l2 import ARP, Ether

from lanparty_gateway.bridge import Phase
from lanparty_gateway.lan_side import LanSide
from lanparty_gateway.memory_interface import InMemoryInterface
from lanparty_gateway.packet import LinkState
from lanparty_gateway.settings import GatewaySettings
from lanparty_proto import MacAddress

INTERFACE = MacAddress.parse("02:00:00:00:00:01")
OTHER = MacAddress.parse("02:00:00:00:00:09")
OWN = MacAddress.parse("02:5c:00:00:00:01")
ANN = MacAddress.parse("02:5c:00:00:00:07")
BEN = MacAddress.parse("02:5c:00:00:00:08")
RELAY = ("198.51.100.10", 443)
EVERYBODY = "ff:ff:ff:ff:ff:ff"


class Stage:
    """A gateway's LAN side on an interface in memory."""

    def __init__(self, **wished: object) -> None:
        given = {"interface": "eth0", "relay": "relay.example"} | wished
        self.interface = InMemoryInterface(INTERFACE)
        self.lan = LanSide(
            GatewaySettings.model_validate(given).wish(),
            self.interface,
            own_mac=OWN,
            on_turn=lambda: None,
            wake=lambda: None,
        )

    def claim(self, player: MacAddress, address: str) -> bool:
        """Let a player say by ARP that an address is his; whether the LAN hears it."""
        said = ARP(op=2, hwsrc=str(player), psrc=address, hwdst=EVERYBODY, pdst=address)
        return self._reaches_lan(Ether(src=str(player), dst=EVERYBODY) / said)

    def claim6(self, player: MacAddress, address: str) -> bool:
        """Do the same by IPv6's neighbour discovery."""
        said = ICMPv6ND_NA(tgt=address, R=0, S=0, O=1) / ICMPv6NDOptDstLLAddr(lladdr=str(player))
        packet = IPv6(src=address, dst="ff02::1", hlim=255) / said
        return self._reaches_lan(Ether(src=str(player), dst="33:33:00:00:00:01") / packet)

    def _reaches_lan(self, packet: Ether) -> bool:
        nat = self.lan.mac_nat
        assert nat is not None
        return bool(nat.from_room(bytes(packet), now()))


def now() -> float:
    return asyncio.get_running_loop().time()


async def test_the_filter_passes_what_is_for_players_as_soon_as_they_are_named() -> None:
    stage = Stage()
    stage.lan.set_members([ANN, None])
    wish = stage.interface.wishes[-1]
    assert wish.destinations == {bytes(ANN), bytes(OWN)}
    assert wish.sources == {bytes(ANN)}, "a loop is to be seen at once"


async def test_the_same_players_again_change_nothing() -> None:
    stage = Stage()
    stage.lan.set_members([ANN])
    count = len(stage.interface.wishes)
    stage.lan.set_members([ANN])
    assert len(stage.interface.wishes) == count


async def test_the_filter_keeps_the_relays_of_late_out_and_names_the_vlan() -> None:
    stage = Stage(vlan=7)
    for last in range(20):
        stage.lan.add_relays([(f"198.51.100.{last}", 443)])
    wish = stage.interface.wishes[-1]
    assert wish.vlan == 7
    assert (ip_address("198.51.100.19"), 443) in wish.relays
    assert len(wish.relays) == 8


@pytest.mark.parametrize("written", ["::ffff:198.51.100.10", "198.51.100.10"])
async def test_a_relay_is_the_same_however_its_address_is_written(written: str) -> None:
    stage = Stage()
    stage.lan.add_relays([RELAY])
    count = len(stage.interface.wishes)
    stage.lan.add_relays([(written, 443)])
    assert stage.interface.wishes[count:] == []


async def test_the_link_is_the_bridges_too() -> None:
    stage = Stage()
    stage.lan.set_joined(True, now=now())
    stage.interface.link = LinkState.DOWN
    stage.lan.follow_interface(now=now())
    assert stage.lan.bridge.state.phase is Phase.LINK_DOWN
    stage.lan.port.close()


async def test_frames_from_before_the_room_are_dropped() -> None:
    stage = Stage()
    stage.lan.set_members([ANN])
    # The player's own frame, put here by the gateway that this one has waited for.
    stage.interface.inject(b"\xff" * 6 + bytes(ANN) + b"\x08\x00" + bytes(46))
    stage.lan.set_joined(True, now=now())
    assert stage.lan.port.read_frames() == []
    assert stage.lan.bridge.counters().loops == 0
    stage.lan.port.close()


async def test_hidden_players_are_reached_by_the_interfaces_address() -> None:
    stage = Stage(mac_nat=True)
    stage.lan.set_members([ANN])
    assert stage.interface.wishes[-1].destinations == {bytes(ANN), bytes(OWN), bytes(INTERFACE)}


async def test_no_hidden_player_can_claim_an_address_of_the_gateways_machine() -> None:
    stage = Stage(mac_nat=True)
    stage.lan.set_members([ANN])
    stage.lan.set_own_addresses([ip_interface("192.168.7.5/24"), ip_interface("fd00::5/64")])
    assert not stage.claim(ANN, "192.168.7.5")
    assert not stage.claim6(ANN, "fd00::5")
    assert stage.claim(ANN, "192.168.7.6")
    assert stage.claim6(ANN, "fd00::6")


async def test_the_address_of_a_hidden_player_who_left_is_free() -> None:
    stage = Stage(mac_nat=True)
    stage.lan.set_members([ANN, BEN])
    assert stage.claim(ANN, "192.168.7.6")
    assert not stage.claim(BEN, "192.168.7.6")
    stage.lan.set_members([BEN])
    assert stage.claim(BEN, "192.168.7.6")


async def test_hidden_players_go_on_behind_the_interfaces_new_address() -> None:
    stage = Stage(mac_nat=True)
    stage.lan.set_members([ANN])
    stage.interface.mac = OTHER
    stage.lan.follow_interface(now=now())
    nat = stage.lan.mac_nat
    assert nat is not None
    asked = ARP(op=1, hwsrc=str(ANN), psrc="192.168.7.6", pdst="192.168.7.1")
    [sent] = nat.from_room(bytes(Ether(src=str(ANN), dst=EVERYBODY) / asked), now())
    assert sent[6:12] == bytes(OTHER)
    assert bytes(OTHER) in stage.interface.wishes[-1].destinations


async def test_a_link_that_comes_back_forgets_no_hidden_player() -> None:
    stage = Stage(mac_nat=True)
    stage.lan.set_members([ANN, BEN])
    assert stage.claim(ANN, "192.168.7.6")
    stage.lan.follow_interface(now=now())
    assert not stage.claim(BEN, "192.168.7.6")
