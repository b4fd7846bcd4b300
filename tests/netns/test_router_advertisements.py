"""A router in the room offers itself by IPv6 advertisements: what a real kernel makes of them."""

import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import closing
from ipaddress import IPv6Address, IPv6Network
from pathlib import Path

import pytest
from namespaces import Namespace
from programs import wait_until

from lanparty_client.linux.interface import Interface
from lanparty_client.linux.tap import TapPort
from lanparty_client.wanted import WantedState
from lanparty_ethernet import internet_checksum
from lanparty_proto import MacAddress

PLAIN = WantedState(mac=MacAddress.parse("02:00:5e:10:00:01"), mtu=1_500)
ROUTER = IPv6Address("fe80::99")
ALL_NODES = IPv6Address("ff02::1")
PREFIX = IPv6Network("fd77:1::/64")


def router_advertisement(on_link: IPv6Network = PREFIX) -> bytes:
    """RFC 4861 section 4.2: default router, a prefix, a more specific route, a DNS server, an MTU.

    The prefix is for addresses, too, if its length is right for that.
    """
    prefix = bytes((3, 4, on_link.prefixlen, 0xC0)) + (86_400).to_bytes(4) * 2 + bytes(4)
    prefix += on_link.network_address.packed
    route = bytes((24, 3, 48, 0x08)) + (1_800).to_bytes(4) + IPv6Address("2001:db8:5::").packed
    dns = bytes((25, 3, 0, 0)) + (1_800).to_bytes(4) + IPv6Address("fd77:1::53").packed
    mtu = bytes((5, 1, 0, 0)) + (1_280).to_bytes(4)
    body = bytes((64, 0)) + (1_800).to_bytes(2) + bytes(8) + prefix + route + dns + mtu
    message = bytes((134, 0, 0, 0)) + body
    pseudo = ROUTER.packed + ALL_NODES.packed + len(message).to_bytes(4) + bytes((0, 0, 0, 58))
    checksum = internet_checksum(pseudo + message)
    message = message[:2] + checksum.to_bytes(2) + message[4:]
    header = bytes((0x60, 0, 0, 0)) + len(message).to_bytes(2) + bytes((58, 255))
    ethernet = bytes.fromhex("333300000001 02005e100099 86dd")
    return ethernet + header + ROUTER.packed + ALL_NODES.packed + message


@pytest.fixture
def pc(machine: Callable[[str], Namespace]) -> Iterator[Namespace]:
    """A machine that takes advertisements as a player's does, with this thread inside."""
    pc = machine("pc")
    pc.set_sysctl("ipv6.conf.default.accept_ra_rt_info_max_plen", 64)
    with pc.entered():
        yield pc


@pytest.mark.parametrize("on_link", ["fd77:1::/64", "2001:4860:4860::/64", "2000::/3", "::/0"])
async def test_an_advertisement_changes_nothing(pc: Namespace, on_link: str) -> None:
    with closing(TapPort.open("lan0")) as port:
        assert await Interface(port).apply(PLAIN) == ()
        wait_until(  # else it may be dropped for that
            lambda: "tentative" not in pc.ip("-6", "address", "show", "dev", "lan0"),
            limit=10,
            what="the link-local address is sure",
        )
        routes, addresses = pc.ip("-6", "route"), pc.ip("-6", "address")
        assert port.write_frames([router_advertisement(IPv6Network(on_link))]) == 1
        # The kernel has taken it when the write returns: a TAP hands it to IPv6 there and then.
        assert (pc.ip("-6", "route"), pc.ip("-6", "address")) == (routes, addresses)
        assert pc.run("cat", "/proc/sys/net/ipv6/conf/lan0/mtu").strip() == "1500"


async def test_the_room_s_router_is_taken_when_wanted_and_given_up_afterwards(
    pc: Namespace,
) -> None:
    with closing(TapPort.open("lan0")) as port:
        interface = Interface(port)
        await interface.apply(WantedState(mac=PLAIN.mac, mtu=PLAIN.mtu, accept_room_router=True))
        port.write_frames([router_advertisement()])
        wait_until(
            lambda: "default via fe80::99 dev lan0" in pc.ip("-6", "route"), limit=5, what="a route"
        )
        await interface.apply(PLAIN)
        assert "default" not in pc.ip("-6", "route")


def test_where_the_kernel_cannot_be_told_advertisements_are_kept_from_it(
    pc: Namespace, tmp_path: Path
) -> None:
    frame = tmp_path / "frame"
    frame.write_bytes(router_advertisement())
    program = tmp_path / "program.py"
    program.write_text(
        "import asyncio, pathlib, sys\n"
        "from lanparty_client.linux.interface import Interface\n"
        "from lanparty_client.linux.tap import TapPort\n"
        "from lanparty_client.wanted import WantedState\n"
        "from lanparty_proto import MacAddress\n"
        "async def main():\n"
        "    port = TapPort.open('lan0')\n"
        "    wanted = WantedState(mac=MacAddress.parse('02:00:5e:10:00:01'), mtu=1500)\n"
        "    print(*await Interface(port).apply(wanted))\n"
        "    frame = pathlib.Path(sys.argv[1]).read_bytes()\n"
        "    other = b'\\xff' * 60\n"
        "    print(port.write_frames([frame, other]), port.refused_frames)\n"
        "asyncio.run(main())\n"
    )
    script = 'mount -o bind,ro /proc/sys /proc/sys && exec "$@"'
    said = subprocess.run(
        ("unshare", "-m", "sh", "-c", script, "sh", sys.executable, program, frame),
        stdout=subprocess.PIPE,
        text=True,
        check=True,
    ).stdout
    assert "accept_ra_defrtr" in said
    assert "kept from this machine" in said
    assert said.endswith("\n1 1\n")
