"""Garbage from the host's side of the TAP: counted and dropped, and nothing breaks."""

import random
from collections.abc import Iterator

import pytest
from ethernet_socket import EthernetSocket
from programs import wait_until
from real_client import Pair

FRAMES = 300
SUPERFRAMES = 50
SUPERFRAME = 9_000
"""Bytes: what a host with a larger MTU, or with offloads, hands over."""

COUNTED_LIMIT = 5.0
VLAN = 0x8100


@pytest.fixture
def tap(pair: Pair) -> Iterator[EthernetSocket]:
    with EthernetSocket(pair.ann.machine, pair.ann.interface) as opened:
        yield opened


def dropped(pair: Pair) -> int:
    """What ann's client and the relay have dropped of what came from ann's TAP."""
    known = pair.ann.diagnostics()
    by_relay = (known["relay_counters"] or {}).get("dropped_ingress", {})
    total: int = sum(known["dropped_here"].values()) + sum(by_relay.values())
    return total


def assert_all_is_well(pair: Pair) -> None:
    for asker, friend in pair.ways:
        assert asker.program.is_running
        assert not asker.program.error_text
        printed = asker.machine.run("ping", "-c3", "-i0.2", "-W2", friend.address, check=False)
        assert " 0% packet loss" in printed, printed


def test_random_bytes_are_dropped_and_break_nothing(pair: Pair, tap: EthernetSocket) -> None:
    before = dropped(pair)
    dice = random.Random(5)
    for _ in range(FRAMES):
        tap.send(dice.randbytes(dice.randrange(14, 1515)))
    wait_until(lambda: dropped(pair) > before, "garbage is counted", limit=15)
    assert_all_is_well(pair)


@pytest.mark.parametrize(
    "ethertype", [0x0800, 0x0806, 0x86DD, 0x88B5, VLAN], ids=["IPv4", "ARP", "IPv6", "own", "tag"]
)
def test_broken_packets_of_protocols_that_are_read_break_nothing(
    pair: Pair, tap: EthernetSocket, ethertype: int
) -> None:
    dice = random.Random(ethertype)
    header = b"\xff" * 6 + tap.mac + ethertype.to_bytes(2)
    for size in range(FRAMES):
        tap.send(header + dice.randbytes(size))
    assert_all_is_well(pair)


def test_superframes_are_counted_and_dropped(pair: Pair, tap: EthernetSocket) -> None:
    before = dropped(pair)
    ann = pair.ann
    ann.machine.ip("link", "set", ann.interface, "mtu", SUPERFRAME + 100)
    for size in range(SUPERFRAME - SUPERFRAMES, SUPERFRAME):
        header = b"\xff" * 6 + tap.mac + b"\x08\x00"
        tap.send(header + bytes(size))
    wait_until(
        lambda: dropped(pair) >= before + SUPERFRAMES,
        "superframes are counted",
        limit=COUNTED_LIMIT,
    )
    ann.machine.ip("link", "set", ann.interface, "mtu", 1500)
    assert_all_is_well(pair)
