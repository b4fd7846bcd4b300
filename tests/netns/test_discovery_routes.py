"""Where a real kernel sends what games send, while a room is joined."""

import socket
import struct
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import closing, suppress
from ipaddress import IPv4Address, IPv4Interface, IPv6Address

import pytest
from namespaces import Namespace, link
from programs import wait_until

from lanparty_client.discovery_routes import discovery_routes
from lanparty_client.linux.interface import Interface
from lanparty_client.linux.tap import TapPort
from lanparty_client.wanted import WantedState
from lanparty_ethernet import ETHERTYPE_IPV4
from lanparty_proto import MacAddress

LEASE = IPv4Interface("10.77.3.5/24")
GAME = 27_015
PAYLOAD = b"who plays here?"


@pytest.fixture
def home(machine: Callable[[str], Namespace]) -> Namespace:
    """The home network's other end."""
    home = machine("home")
    home.set_sysctl("ipv6.conf.default.accept_dad", 0)
    return home


@pytest.fixture
def pc(machine: Callable[[str], Namespace], home: Namespace) -> Iterator[Namespace]:
    """A machine with a home network, this thread inside."""
    pc = machine("pc")
    pc.set_sysctl("ipv6.conf.default.accept_dad", 0)
    link(pc, "eth0", home, "home0")
    pc.ip("address", "add", "192.168.1.5/24", "dev", "eth0")
    pc.ip("route", "add", "default", "via", "192.168.1.1", "metric", 100)
    with pc.entered():
        yield pc


@pytest.fixture
async def port(pc: Namespace) -> AsyncIterator[TapPort]:
    """The room's interface as a join leaves it."""
    with closing(TapPort.open("lan0")) as port:
        await Interface(port).apply(
            WantedState(
                mac=MacAddress.parse("02:00:5e:10:00:01"),
                mtu=1_500,
                addresses=(LEASE,),
                routes=discovery_routes(LEASE.ip),
            )
        )
        yield port


def sent_into_room(port: TapPort) -> bytes:
    """Wait for the frame with the payload among what else a host sends."""

    def look() -> bytes | None:
        return next((frame for frame in port.read_frames() if PAYLOAD in frame), None)

    return wait_until(look, "the game's datagram in the room", limit=5)


@pytest.mark.parametrize("group", ["255.255.255.255", "10.77.3.255", "224.0.0.251", "239.9.9.9"])
async def test_ipv4_discovery_goes_into_the_room_from_its_address(
    port: TapPort, group: str
) -> None:
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as game:
        game.setsockopt(socket.SOL_SOCKET, socket.SO_BROADCAST, 1)
        game.sendto(PAYLOAD, (group, GAME))
    frame = sent_into_room(port)
    assert MacAddress(frame[:6]).is_group
    assert int.from_bytes(frame[12:14]) == ETHERTYPE_IPV4
    assert IPv4Address(frame[26:30]) == LEASE.ip
    assert IPv4Address(frame[30:34]) == IPv4Address(group)


async def test_ipv6_multicast_without_a_scope_goes_into_the_room(port: TapPort) -> None:
    with socket.socket(socket.AF_INET6, socket.SOCK_DGRAM) as game:
        game.sendto(PAYLOAD, ("ff02::fb", GAME))
    frame = sent_into_room(port)
    assert IPv6Address(frame[22:38]) == IPv6Address("fe80::5eff:fe10:1")


async def test_a_game_that_joins_a_group_anywhere_joins_it_in_the_room(
    pc: Namespace, port: TapPort
) -> None:
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as game:
        anywhere = struct.pack("4s4s", IPv4Address("239.9.9.9").packed, bytes(4))
        game.setsockopt(socket.IPPROTO_IP, socket.IP_ADD_MEMBERSHIP, anywhere)
        assert "239.9.9.9" in pc.ip("maddress", "show", "dev", "lan0")
        assert "239.9.9.9" not in pc.ip("maddress", "show", "dev", "eth0")


async def test_a_program_that_names_the_home_network_still_reaches_it(
    home: Namespace, port: TapPort
) -> None:
    with home.entered():
        listener = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    with listener, socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as program:
        listener.bind(("", GAME))
        listener.settimeout(5)
        program.setsockopt(socket.SOL_SOCKET, socket.SO_BROADCAST, 1)
        program.bind(("192.168.1.5", 0))
        program.sendto(PAYLOAD, ("255.255.255.255", GAME))
        assert listener.recv(100) == PAYLOAD
    assert not [frame for frame in port.read_frames() if PAYLOAD in frame]


async def test_multicast_of_the_home_network_is_still_received(
    home: Namespace, port: TapPort
) -> None:
    group = IPv6Address("ff02::fb").packed
    with socket.socket(socket.AF_INET6, socket.SOCK_DGRAM) as listener:
        listener.bind(("::", GAME))
        listener.settimeout(5)
        eth0 = struct.pack("16sI", group, socket.if_nametoindex("eth0"))
        listener.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_JOIN_GROUP, eth0)
        with home.entered():
            sender = socket.socket(socket.AF_INET6, socket.SOCK_DGRAM)
            scope = socket.if_nametoindex("home0")

        def sent() -> bool:
            with suppress(OSError):  # the cable is new: IPv6 isn't ready on it at once
                return sender.sendto(PAYLOAD, ("ff02::fb", GAME, 0, scope)) > 0
            return False

        with sender:
            wait_until(sent, "the home network has IPv6", limit=10)
        assert listener.recv(100) == PAYLOAD
