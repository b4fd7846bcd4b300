"""A hundred thousand senders on the LAN, as a broken or hostile machine makes."""

import random
import time
from collections.abc import Callable

import pytest
from bridged import Bridged, join_as_of_the_lan
from ethernet_socket import EthernetSocket
from programs import wait_until
from real_client import Client
from traffic import Stream

SOURCES = 100_000
PAUSE_EVERY = 500
PAUSE = 0.01
GROWTH = 20_000_000
"""Bytes: what Python's own memory does; a table without a bound would be larger."""
MOST_LOST = 0.1
BROADCAST = b"\xff" * 6
KIND = b"\x88\xb6"

pytestmark = pytest.mark.timeout(120)


def test_a_hundred_thousand_sources_fill_nothing(
    bridged: Bridged,
    player: Callable[[str], Client],
    record_property: Callable[[str, object], None],
) -> None:
    lan, gateway = bridged.lan, bridged.gateway
    bob = join_as_of_the_lan(player("bob"), lan, gateway, number=1)
    draw = random.Random(6)
    with (
        EthernetSocket(bridged.ann.machine, bridged.ann.interface) as ann,
        EthernetSocket(lan.game, "eth0") as flood,
        Stream(bob.ann.machine, bridged.ann.machine, bridged.address, rate=50) as members,
        Stream(lan.files, bob.ann.machine, bob.address, rate=50) as from_lan,
    ):
        member = ann.mac
        memory = []
        for number in range(SOURCES):
            source = b"\x02" + draw.randbytes(5)
            flood.send((member if number % 2 else BROADCAST) + source + KIND + bytes(46))
            if number % PAUSE_EVERY == 0:
                time.sleep(PAUSE)
            if number % (SOURCES // 10) == 0:
                memory.append(gateway.resident_bytes())
        memory.append(gateway.resident_bytes())
        ended = time.monotonic()
        came_before = len(from_lan.arrivals)
        wait_until(
            lambda: len(from_lan.arrivals) > came_before + 10, "the LAN's stream goes on", limit=10
        )
    record_property("resident bytes", memory)
    print("resident MB:", [round(one / 1e6, 1) for one in memory])
    assert max(memory) - memory[1] < GROWTH
    lost = 1 - len(members.arrivals) / members.sent
    assert lost < MOST_LOST
    assert min(one.came for one in from_lan.arrivals if one.sent > ended) - ended < 3
    status = gateway.status()
    assert status["lan"]["table_size"] <= status["lan"]["table_limit"]
    for target in (lan.address_of(lan.files), bob.address):
        assert "1 received" in bridged.ann.machine.run("ping", "-c1", "-W3", target)
