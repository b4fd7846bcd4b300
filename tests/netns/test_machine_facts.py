"""What a kernel says to the doctor: other interfaces, and where broadcasts leave."""

import asyncio
from collections.abc import Callable
from ipaddress import IPv4Network

from namespaces import Namespace, link

from lanparty_client.doctor.machine import read_machine
from lanparty_endpoint.doctor import MachineFacts


def facts(machine: Namespace, room: str | None = None) -> MachineFacts:
    with machine.entered():
        return asyncio.run(read_machine(room=room, service_answers=False))


def test_without_routes_broadcasts_go_nowhere(machine: Callable[[str], Namespace]) -> None:
    found = facts(machine("bare"))
    assert (found.broadcast_goes_by, found.multicast_goes_by, found.interfaces) == ("", "", ())


def test_the_most_special_route_says_where_they_leave(
    machine: Callable[[str], Namespace],
) -> None:
    host, switch = machine("host"), machine("switch")
    link(host, "eth0", switch, "port-0")
    link(host, "lan0", switch, "port-1")
    host.ip("addr", "add", "192.168.0.10/24", "dev", "eth0")
    host.ip("route", "add", "default", "via", "192.168.0.1", "dev", "eth0")
    found = facts(host, room="lan0")
    assert (found.broadcast_goes_by, found.multicast_goes_by) == ("eth0", "eth0")
    host.ip("route", "add", "255.255.255.255/32", "dev", "lan0")
    assert facts(host, room="lan0").broadcast_goes_by == "lan0"
    host.ip("route", "add", "224.0.0.0/4", "dev", "lan0")
    assert facts(host, room="lan0").multicast_goes_by == "lan0"


def test_every_interface_but_the_rooms_is_named_with_its_networks(
    machine: Callable[[str], Namespace],
) -> None:
    host, switch = machine("host"), machine("switch")
    link(host, "eth0", switch, "port-0")
    link(host, "lan0", switch, "port-1")
    host.ip("addr", "add", "192.168.0.10/24", "dev", "eth0")
    host.ip("addr", "add", "10.1.2.3/16", "dev", "eth0")
    host.ip("addr", "add", "fd00::1/64", "dev", "eth0")
    [eth0] = facts(host, room="lan0").interfaces
    assert eth0.name == "eth0"
    assert set(eth0.networks) == {IPv4Network("192.168.0.0/24"), IPv4Network("10.1.0.0/16")}
    assert eth0.mac.count(":") == 5
    assert {each.name for each in facts(host).interfaces} == {"eth0", "lan0"}
