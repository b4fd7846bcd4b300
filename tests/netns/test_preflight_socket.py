"""The preflight's packet socket: its kernel filter takes what is read, and nothing else."""

import asyncio
from collections.abc import Callable
from dataclasses import dataclass

import pytest
from ethernet_socket import EthernetSocket
from namespaces import Namespace, link

from lanparty_gateway.preflight.packet_socket import PacketSocket

EVERYBODY = b"\xff" * 6
STRANGER = bytes.fromhex("020000000009")
END = EVERYBODY + STRANGER + b"\x08\x06" + b"end".ljust(46, b"\0")
"""An ARP frame that ends what was sent."""


def ip4(protocol: int, port: int, *, options: bytes = b"") -> bytes:
    header = bytes((0x45 + len(options) // 4,)) + bytes(8) + bytes((protocol,)) + bytes(10)
    return b"\x08\x00" + header + options + b"\0\x43" + port.to_bytes(2, "big") + bytes(40)


def tagged(vlan: int) -> bytes:
    return b"\x81\x00" + vlan.to_bytes(2, "big") + b"\x86\xdd" + bytes(46)


@dataclass(frozen=True)
class Cable:
    near: Namespace
    far: Namespace


@pytest.fixture
def cable(machine: Callable[[str], Namespace]) -> Cable:
    near, far = machine("near"), machine("far")
    link(near, "eth0", far, "eth0")
    return Cable(near, far)


async def heard(cable: Cable, frames: list[bytes]) -> list[bytes]:
    """Send frames over the cable; return those that came through."""
    got: list[bytes] = []
    over = asyncio.Event()

    def take(some: list[bytes]) -> None:
        got.extend(some)
        if END in got:
            over.set()

    index = int(cable.near.run("cat", "/sys/class/net/eth0/ifindex"))
    with cable.near.entered():
        packets = PacketSocket("eth0", index=index)
    with packets, EthernetSocket(cable.far, "eth0") as wire:
        packets.on_frames(take)
        for frame in [*frames, END]:
            wire.send(frame)
        async with asyncio.timeout(10):
            await over.wait()
    return [frame for frame in got if frame[6:12] == STRANGER and frame != END]


def to(destination: bytes, rest: bytes) -> bytes:
    return (destination + STRANGER + rest).ljust(60, b"\0")


TAKEN = {
    "ARP": to(EVERYBODY, b"\x08\x06"),
    "a probe of softlan's": to(EVERYBODY, b"\x88\xb5"),
    "a spanning tree's": to(bytes.fromhex("0180c2000000"), b"\x00\x26\x42\x42\x03"),
    "DHCP to a client": to(EVERYBODY, ip4(17, 68)),
    "DHCP behind IP options": to(EVERYBODY, ip4(17, 68, options=bytes(8))),
    "DHCP to another's address": to(bytes.fromhex("020000000077"), ip4(17, 68)),
    "a tag": to(EVERYBODY, tagged(20)),
    "a provider's tag": to(EVERYBODY, b"\x88\xa8" + tagged(20)[2:]),
}
LEFT = {
    "other UDP": to(EVERYBODY, ip4(17, 53)),
    "TCP": to(EVERYBODY, ip4(6, 68)),
    "IPv6": to(EVERYBODY, b"\x86\xdd"),
    "LLDP": to(bytes.fromhex("0180c200000e"), b"\x88\xcc"),
}


async def test_only_what_is_read_comes_through(cable: Cable) -> None:
    assert await heard(cable, [*LEFT.values(), *TAKEN.values()]) == list(TAKEN.values())


async def test_only_the_beginning_of_a_large_frame_is_read(cable: Cable) -> None:
    [frame] = await heard(cable, [to(EVERYBODY, b"\x08\x06".ljust(1_502, b"\x01"))])
    assert len(frame) == 1_024


async def test_what_this_machine_sends_itself_is_left_out(cable: Cable) -> None:
    with EthernetSocket(cable.near, "eth0") as own:
        own.send(TAKEN["ARP"])
        assert await heard(cable, []) == []


async def test_frames_for_an_interface_that_is_off_are_lost_without_an_error(cable: Cable) -> None:
    with cable.near.entered():
        packets = PacketSocket("eth0", index=2)
    with packets:
        packets.on_frames(lambda frames: None)
        cable.near.ip("link", "set", "eth0", "down")
        packets.send([TAKEN["ARP"]])
        await asyncio.sleep(0)


async def test_an_interface_that_is_gone_is_an_error_and_leaves_no_socket(cable: Cable) -> None:
    with cable.near.entered(), pytest.raises(OSError, match="No such device"):
        PacketSocket("eth7", index=7)
