"""Which addresses a player's interface has, as the room and the machine change around it."""

from __future__ import annotations

from ipaddress import IPv4Address, IPv4Interface, IPv4Network
from typing import TYPE_CHECKING

import pytest

from lanparty_client.addressing import Neighbour, OwnLanResult, RefusalKind
from lanparty_ctrl import AddressLease
from lanparty_proto import MacAddress

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.unit.lanparty_client.addressing.conftest import (
        ArpHost,
        DhcpServer,
        Machine,
        Segment,
    )

    MakeMachine = Callable[..., Machine]
    MakeServer = Callable[..., DhcpServer]
    MakeHost = Callable[[int, str], ArpHost]

LEASE = "10.86.5.2/24"
OTHER_LEASE = "10.99.7.2/24"
GATEWAY = 9


def networks(*texts: str) -> list[IPv4Network]:
    return [IPv4Network(text) for text in texts]


def machine_on(machine: Machine, *prefixes: str, router: Neighbour | None = None) -> None:
    machine.addressing.machine_changed(
        prefixes=networks(*prefixes), router=router, now=machine.segment.now
    )


def lease(text: str) -> AddressLease:
    interface = IPv4Interface(text)
    return AddressLease(
        address=interface.ip, prefix_length=interface.network.prefixlen, seconds=86_400
    )


def told(machine: Machine) -> str:
    return " ".join(machine.addressing.notices)


# The relay's lease.


def test_the_lease_is_there_at_once(machine: MakeMachine) -> None:
    one = machine(1)
    one.join(LEASE)
    assert one.addresses == [LEASE]
    assert one.addressing.notices == ()


def test_the_addresses_stay_through_an_outage_and_are_announced_after_it(
    machine: MakeMachine, segment: Segment
) -> None:
    one = machine(1)
    one.join(LEASE)
    segment.run(10)
    one.addressing.disconnected(now=segment.now)
    assert one.addresses == [LEASE]
    assert one.addressing.next_deadline() is None
    segment.now += 20
    before = len(one.arp_sent())
    one.join(LEASE)
    segment.run(5)
    assert one.addresses == [LEASE]
    again = [packet[1:] for packet in one.arp_sent()[before:]]
    assert again == [("0.0.0.0", "10.86.5.2")] * 3 + [("10.86.5.2", "10.86.5.2")] * 2
    assert [addresses for _, addresses in one.changes] == [[LEASE]]


def test_a_lease_that_collides_with_a_network_joined_since_goes_at_once_and_another_comes(
    machine: MakeMachine, segment: Segment
) -> None:
    one = machine(1)
    one.join(LEASE)
    segment.run(5)
    machine_on(one, "192.168.1.0/24", "10.86.0.0/16")
    assert one.addresses == []
    assert "10.86.0.0/16" in told(one)
    one.addressing.lease_changed(lease(OTHER_LEASE), now=segment.now)
    assert one.addresses == [OTHER_LEASE]
    assert one.addressing.notices == ()
    machine_on(one, "192.168.1.0/24")
    assert one.addresses == [OTHER_LEASE]


def test_a_renumbered_room_leaves_the_old_address_behind_the_new_one(
    machine: MakeMachine, segment: Segment
) -> None:
    one = machine(1)
    machine_on(one, "192.168.1.0/24")
    one.join(LEASE)
    one.addressing.lease_changed(lease(OTHER_LEASE), now=segment.now)
    assert one.addresses == [OTHER_LEASE, LEASE]
    machine_on(one, "10.86.5.0/24")
    assert one.addresses == [OTHER_LEASE]


def test_another_address_in_the_same_network_replaces_the_old_one(
    machine: MakeMachine, segment: Segment
) -> None:
    one = machine(1)
    one.join(LEASE)
    one.addressing.lease_changed(lease("10.86.5.7/24"), now=segment.now)
    assert one.addresses == ["10.86.5.7/24"]


def test_a_default_route_of_a_vpn_is_no_collision(machine: MakeMachine) -> None:
    one = machine(1)
    machine_on(one, "0.0.0.0/0", "0.0.0.0/1", "128.0.0.0/1")
    one.join(LEASE)
    assert one.addresses == [LEASE]


def test_somebody_who_uses_the_lease_without_asking_is_told(
    machine: MakeMachine, segment: Segment, arp_host: MakeHost
) -> None:
    segment.add_host(5, arp_host(0x55, "10.86.5.2"))
    one = machine(1)
    one.join(LEASE)
    segment.run(3)
    assert one.addresses == [LEASE]
    assert "02:00:5e:10:00:55" in told(one)


# Without a lease.


def test_without_a_lease_there_is_a_link_local_address(
    machine: MakeMachine, segment: Segment
) -> None:
    one = machine(1)
    one.join(None)
    assert one.addresses == []
    segment.run(9)
    (address,) = one.addresses
    assert IPv4Address(address.split("/")[0]).is_link_local
    assert address.endswith("/16")
    assert "gives no addresses" in told(one)


def test_a_lease_that_comes_later_replaces_the_link_local_address(
    machine: MakeMachine, segment: Segment
) -> None:
    one = machine(1)
    one.join(None)
    segment.run(9)
    one.addressing.lease_changed(lease(LEASE), now=segment.now)
    assert one.addresses == [LEASE]
    assert one.addressing.notices == ()


# The gateway's LAN.


def test_a_gateway_brings_an_address_of_its_lan_beside_the_lease(
    machine: MakeMachine, segment: Segment, dhcp_server: MakeServer
) -> None:
    server = dhcp_server()
    segment.add_host(GATEWAY, server)
    one = machine(1)
    one.join(LEASE, gateway=GATEWAY)
    assert one.addresses == [LEASE]
    segment.run(3)
    assert one.addresses == [LEASE, "192.168.50.100/24"]
    assert one.addressing.routes == ()
    assert one.addressing.notices == ()


def test_broadcasts_come_from_the_address_that_the_lans_hosts_can_answer(
    machine: MakeMachine, segment: Segment, dhcp_server: MakeServer
) -> None:
    segment.add_host(GATEWAY, dhcp_server())
    one = machine(1)
    assert one.addressing.discovery_source is None
    one.join(LEASE, gateway=GATEWAY)
    assert one.addressing.discovery_source == IPv4Interface(LEASE).ip
    segment.run(3)
    assert one.addressing.discovery_source == IPv4Address("192.168.50.100")
    one.addressing.members_changed(gateway=None, now=segment.now)
    segment.run(6)
    assert one.addressing.discovery_source == IPv4Interface(LEASE).ip


def test_the_address_of_the_lan_goes_when_the_gateway_stays_away(
    machine: MakeMachine, segment: Segment, dhcp_server: MakeServer
) -> None:
    segment.add_host(GATEWAY, dhcp_server())
    one = machine(1)
    one.join(LEASE, gateway=GATEWAY)
    segment.run(3)
    one.addressing.members_changed(gateway=None, now=segment.now)
    segment.run(4)
    assert one.addresses == [LEASE, "192.168.50.100/24"]
    segment.run(2)
    assert one.addresses == [LEASE]


def test_a_gateway_that_reconnects_keeps_the_address_and_has_it_confirmed(
    machine: MakeMachine, segment: Segment, dhcp_server: MakeServer
) -> None:
    server = dhcp_server()
    segment.add_host(GATEWAY, server)
    one = machine(1)
    one.join(LEASE, gateway=GATEWAY)
    segment.run(3)
    one.addressing.members_changed(gateway=None, now=segment.now)
    segment.run(2)
    one.addressing.members_changed(gateway=GATEWAY, now=segment.now)
    segment.run(2)
    assert one.addresses == [LEASE, "192.168.50.100/24"]
    assert server.seen[-1] == ("request", "192.168.50.100")
    assert len({tuple(addresses) for _, addresses in one.changes}) == 2


def test_a_gateway_that_comes_back_late_gives_the_same_address(
    machine: MakeMachine, segment: Segment, dhcp_server: MakeServer
) -> None:
    server = dhcp_server()
    segment.add_host(GATEWAY, server)
    one = machine(1)
    one.join(LEASE, gateway=GATEWAY)
    segment.run(3)
    one.addressing.members_changed(gateway=None, now=segment.now)
    segment.run(60)
    assert one.addresses == [LEASE]
    one.addressing.members_changed(gateway=GATEWAY, now=segment.now)
    segment.run(3)
    assert one.addresses == [LEASE, "192.168.50.100/24"]


def test_a_gateway_of_another_lan_brings_another_address(
    machine: MakeMachine, segment: Segment, dhcp_server: MakeServer
) -> None:
    segment.add_host(GATEWAY, dhcp_server())
    segment.add_host(12, dhcp_server(network="192.168.60.0/24", router="192.168.60.1"))
    one = machine(1)
    one.join(LEASE, gateway=GATEWAY)
    segment.run(3)
    segment.cut_off.add(GATEWAY)
    one.addressing.members_changed(gateway=12, now=segment.now)
    segment.run(5)
    assert one.addresses == [LEASE, "192.168.60.100/24"]


def test_a_dhcp_server_of_another_player_is_not_believed(
    machine: MakeMachine, segment: Segment, dhcp_server: MakeServer
) -> None:
    segment.add_host(4, dhcp_server(network="10.0.0.0/24"))
    one = machine(1)
    one.join(LEASE, gateway=GATEWAY)
    segment.run(30)
    assert one.addresses == [LEASE]
    assert segment.kept == []
    assert "No DHCP server answers on the gateway's LAN" in told(one)


def test_a_lan_that_the_machine_is_on_by_number_is_left_alone(
    machine: MakeMachine, segment: Segment, dhcp_server: MakeServer
) -> None:
    server = dhcp_server(network="192.168.1.0/24", router="192.168.1.1")
    segment.add_host(GATEWAY, server)
    one = machine(1)
    machine_on(one, "192.168.1.0/24")
    one.join(LEASE, gateway=GATEWAY)
    segment.run(300)
    assert one.addresses == [LEASE]
    assert [kind for kind, _ in server.seen] == ["discover", "request", "release"]
    assert "192.168.1.0/24" in told(one)
    machine_on(one, "192.168.7.0/24")
    segment.run(5)
    assert one.addresses == [LEASE, "192.168.1.100/24"]


def test_a_lan_left_alone_does_not_stand_in_the_way_of_the_next_gateways(
    machine: MakeMachine, segment: Segment, dhcp_server: MakeServer
) -> None:
    segment.add_host(GATEWAY, dhcp_server(network="192.168.1.0/24", router="192.168.1.1"))
    segment.add_host(12, dhcp_server())
    segment.cut_off.add(12)
    one = machine(1)
    machine_on(one, "192.168.1.0/24")
    one.join(LEASE, gateway=GATEWAY)
    segment.run(10)
    assert one.addresses == [LEASE]
    segment.cut_off = {GATEWAY}
    one.addressing.members_changed(gateway=12, now=segment.now)
    segment.run(5)
    assert one.addresses == [LEASE, "192.168.50.100/24"]
    assert one.addressing.notices == ()


def test_the_way_into_the_internet_is_taken_only_when_asked_for(
    machine: MakeMachine, segment: Segment, dhcp_server: MakeServer
) -> None:
    segment.add_host(GATEWAY, dhcp_server(dns="192.168.50.53"))
    one = machine(1, use_lan_gateway=True)
    one.join(LEASE, gateway=GATEWAY)
    assert "--use-lan-gateway has no effect" in told(one)
    segment.run(3)
    assert [str(route.destination) for route in one.addressing.routes] == [
        "0.0.0.0/1",
        "128.0.0.0/1",
    ]
    assert {str(route.gateway) for route in one.addressing.routes} == {"192.168.50.1"}
    assert {str(route.preferred_source) for route in one.addressing.routes} == {"192.168.50.100"}
    assert "192.168.50.53" in told(one)
    one.addressing.members_changed(gateway=None, now=segment.now)
    segment.run(6)
    assert one.addressing.routes == ()


def test_leaving_gives_the_lans_address_back(
    machine: MakeMachine, segment: Segment, dhcp_server: MakeServer
) -> None:
    server = dhcp_server()
    segment.add_host(GATEWAY, server)
    one = machine(1)
    one.join(LEASE, gateway=GATEWAY)
    segment.run(3)
    one.addressing.leave(now=segment.now)
    segment.run(1)
    assert server.seen[-1] == ("release", "192.168.50.100")
    assert one.addressing.next_deadline() is None


# Only DHCP.


def test_any_dhcp_server_in_the_room_is_good_for_dhcp(
    machine: MakeMachine, segment: Segment, dhcp_server: MakeServer
) -> None:
    segment.add_host(4, dhcp_server())
    one = machine(1, "dhcp")
    one.join(LEASE)
    segment.run(3)
    assert one.addresses == ["192.168.50.100/24"]


def test_while_no_dhcp_server_answers_there_is_a_link_local_address(
    machine: MakeMachine, segment: Segment, dhcp_server: MakeServer
) -> None:
    one = machine(1, "dhcp")
    one.join(LEASE)
    segment.run(20)
    assert one.addresses[0].startswith("169.254.")
    assert one.addresses[0].split("/")[0] in told(one)
    segment.add_host(4, dhcp_server())
    segment.run(80)
    assert one.addresses == ["192.168.50.100/24"]
    assert one.addressing.notices == ()


# None, and the player's own.


def test_with_none_there_is_no_address_and_the_station_sleeps(
    machine: MakeMachine, segment: Segment
) -> None:
    one = machine(1, "none")
    one.join(LEASE, gateway=GATEWAY)
    segment.run(60)
    assert one.addresses == []
    assert one.addressing.ethertypes == frozenset()
    assert one.sent() == []


def test_a_static_address_is_there_after_the_probes(machine: MakeMachine, segment: Segment) -> None:
    one = machine(1, "10.20.30.4/24")
    one.join(LEASE)
    assert one.addresses == []
    segment.run(2)
    assert one.addresses == ["10.20.30.4/24"]
    assert one.addressing.refusal is None


@pytest.mark.parametrize(("address", "is_told"), [("10.20.30.4/24", True), ("10.86.5.9/24", False)])
def test_a_static_address_outside_of_the_rooms_network_is_told(
    machine: MakeMachine, segment: Segment, address: str, is_told: bool
) -> None:
    one = machine(1, address)
    one.join(LEASE)
    segment.run(2)
    assert one.addresses == [address]
    assert ("is outside of the room's network" in told(one)) is is_told


def test_a_static_address_that_somebody_has_is_refused(
    machine: MakeMachine, segment: Segment, arp_host: MakeHost
) -> None:
    segment.add_host(5, arp_host(0x55, "10.20.30.4"))
    one = machine(1, "10.20.30.4/24")
    one.join(LEASE)
    segment.run(2)
    refusal = one.addressing.refusal
    assert refusal is not None
    assert refusal.kind is RefusalKind.ADDRESS_TAKEN
    assert "02:00:5e:10:00:55" in refusal.sentence
    assert one.addresses == []


def test_a_static_address_in_a_network_of_the_machine_is_refused_before_the_join(
    machine: MakeMachine,
) -> None:
    one = machine(1, "192.168.1.77/24")
    machine_on(one, "192.168.0.0/16")
    refusal = one.addressing.refusal
    assert refusal is not None
    assert refusal.kind is RefusalKind.ADDRESS_COLLIDES
    assert "192.168.0.0/16" in refusal.sentence


def test_a_static_address_that_collides_later_is_away_until_it_no_longer_does(
    machine: MakeMachine, segment: Segment
) -> None:
    one = machine(1, "192.168.1.77/24")
    one.join(None)
    segment.run(5)
    machine_on(one, "192.168.0.0/16")
    assert one.addresses == []
    assert one.addressing.refusal is None
    assert "192.168.0.0/16" in told(one)
    machine_on(one, "172.16.0.0/16")
    assert one.addresses == ["192.168.1.77/24"]


def test_a_static_address_is_kept_and_defended_when_somebody_takes_it_later(
    machine: MakeMachine, segment: Segment, arp_host: MakeHost
) -> None:
    rival = arp_host(0x55, "10.20.30.4")
    one = machine(1, "10.20.30.4/24")
    one.join(None)
    segment.run(10)
    before = len(one.arp_sent())
    segment.send(5, rival.claim())
    segment.run(1)
    segment.send(5, rival.claim())
    segment.run(1)
    assert one.addresses == ["10.20.30.4/24"]
    assert [packet[1:] for packet in one.arp_sent()[before:]] == [("10.20.30.4", "10.20.30.4")]
    assert "02:00:5e:10:00:55" in told(one)


# The gateway's own LAN.

ROUTER = Neighbour(IPv4Address("192.168.1.1"), MacAddress.parse("02:00:5e:10:00:77"))


def test_a_machine_on_the_gateways_own_lan_is_refused_before_it_has_an_address(
    machine: MakeMachine, segment: Segment, arp_host: MakeHost
) -> None:
    segment.add_host(GATEWAY, arp_host(0x77, "192.168.1.1"))
    one = machine(1)
    machine_on(one, "192.168.1.0/24", router=ROUTER)
    one.join(LEASE, gateway=GATEWAY)
    segment.run(2)
    refusal = one.addressing.refusal
    assert refusal is not None
    assert refusal.kind is RefusalKind.OWN_LAN
    assert "--force" in refusal.sentence
    assert one.addressing.own_lan is OwnLanResult.FOUND
    assert all(addresses == [] for _, addresses in one.changes)


def test_with_force_it_is_told_and_no_address_of_the_lan_is_taken(
    machine: MakeMachine, segment: Segment, arp_host: MakeHost, dhcp_server: MakeServer
) -> None:
    segment.add_host(GATEWAY, arp_host(0x77, "192.168.1.1"))
    segment.add_host(GATEWAY, dhcp_server(network="192.168.1.0/24", router="192.168.1.1"))
    one = machine(1, force=True)
    machine_on(one, "192.168.1.0/24", router=ROUTER)
    one.join(LEASE, gateway=GATEWAY)
    segment.run(60)
    assert one.addressing.refusal is None
    assert one.addresses == [LEASE]
    assert len(one.addressing.notices) == 1
    assert "Broadcasts arrive twice" in told(one)


def test_a_router_with_the_same_address_but_another_mac_is_another_lan(
    machine: MakeMachine, segment: Segment, arp_host: MakeHost
) -> None:
    segment.add_host(GATEWAY, arp_host(0x78, "192.168.1.1"))
    one = machine(1)
    machine_on(one, "192.168.1.0/24", router=ROUTER)
    one.join(LEASE, gateway=GATEWAY)
    assert one.addresses == []
    segment.run(0.2)
    assert one.addressing.own_lan is OwnLanResult.CLEAR
    assert one.addresses == [LEASE]


def test_without_an_answer_the_addresses_come_after_a_second(
    machine: MakeMachine, segment: Segment
) -> None:
    one = machine(1)
    machine_on(one, "192.168.1.0/24", router=ROUTER)
    one.join(LEASE, gateway=GATEWAY)
    segment.run(0.95)
    assert one.addresses == []
    segment.run(0.1)
    assert one.addresses == [LEASE]


def test_another_player_who_answers_as_the_router_is_not_believed(
    machine: MakeMachine, segment: Segment, arp_host: MakeHost
) -> None:
    segment.add_host(4, arp_host(0x77, "192.168.1.1"))
    one = machine(1)
    machine_on(one, "192.168.1.0/24", router=ROUTER)
    one.join(LEASE, gateway=GATEWAY)
    segment.run(2)
    assert one.addressing.refusal is None
    assert one.addresses == [LEASE]


def test_a_gateway_that_joins_later_is_checked_and_the_addresses_stay_meanwhile(
    machine: MakeMachine, segment: Segment, arp_host: MakeHost
) -> None:
    segment.add_host(GATEWAY, arp_host(0x77, "192.168.1.1"))
    one = machine(1)
    machine_on(one, "192.168.1.0/24", router=ROUTER)
    one.join(LEASE)
    segment.run(30)
    assert one.addressing.own_lan is OwnLanResult.UNKNOWN
    one.addressing.members_changed(gateway=GATEWAY, now=segment.now)
    assert one.addresses == [LEASE]
    segment.run(0.2)
    assert one.addressing.refusal is not None


def test_a_machine_that_moves_to_the_gateways_lan_is_found_too(
    machine: MakeMachine, segment: Segment, arp_host: MakeHost
) -> None:
    segment.add_host(GATEWAY, arp_host(0x77, "192.168.1.1"))
    one = machine(1, "none")
    machine_on(one, "10.0.0.0/24")
    one.join(None, gateway=GATEWAY)
    segment.run(30)
    machine_on(one, "192.168.1.0/24", router=ROUTER)
    segment.run(0.2)
    assert one.addressing.own_lan is OwnLanResult.FOUND
