"""A second way between LAN and room, or a second gateway: it stops, says why, and comes back.

the room --- ann's TAP --- a bridge on ann's machine --- a cable to the LAN's switch
   |                                                            |
   +------------------------- the gateway ---------------------+
"""

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from ipaddress import IPv4Address
from threading import Event, Thread

import pytest
from bridged import ROOM, Bridged
from lan import LAN, Lan
from network import Network
from programs import wait_until
from real_gateway import Gateway
from real_relay import Relay
from traffic import udp_socket

STOP_LIMIT = 1.0
MOST_EXTRA = 1_000
WATCHED = 2.5
"""How long the frames are counted after the loop was made."""
RESUME_LIMIT = 30.0
OTHER_ROOM = "OTHERDEN"
OTHER_RELAY = "198.51.100.60"
CHATTER = 20
"""Broadcasts a second of a host of the LAN: each would go round for ever."""

pytestmark = pytest.mark.timeout(120)


@contextmanager
def chatter(lan: Lan) -> Iterator[None]:
    """Have a host of the LAN say something to everybody, as LANs' hosts do, all the time."""
    ended = Event()
    talking = udp_socket(lan.game)

    def talk() -> None:
        while not ended.wait(1 / CHATTER):
            with suppress(OSError):
                talking.sendto(b"hello", (str(LAN.broadcast_address), 9))

    thread = Thread(target=talk, daemon=True)
    thread.start()
    try:
        yield
    finally:
        ended.set()
        thread.join()
        talking.close()


@contextmanager
def looped(bridged: Bridged) -> Iterator[None]:
    """Bridge the player's TAP back to the LAN while the block runs."""
    machine = bridged.ann.machine
    if "eth1" not in machine.interfaces():
        bridged.lan.add_cable(machine, "eth1", "back")
    machine.ip("link", "add", "br0", "type", "bridge")
    machine.ip("link", "set", bridged.ann.interface, "master", "br0")
    machine.ip("link", "set", "br0", "up")
    # The last cable is the one that makes the loop.
    machine.ip("link", "set", "eth1", "master", "br0")
    try:
        yield
    finally:
        machine.ip("link", "delete", "br0")


def frames_of(lan: Lan, *ports: str) -> int:
    """Return how many frames have come and gone at ports of the switch."""
    return sum(sum(lan.frames_at(port)) for port in ports)


def reaches(bridged: Bridged) -> bool:
    printed = bridged.ann.machine.run(
        *("ping", "-c1", "-W1", "-I", bridged.ann.interface),
        bridged.lan.address_of(bridged.lan.files),
        check=False,
    )
    return "1 received" in printed


def test_a_players_bridge_back_to_the_lan_stops_the_gateway_until_it_is_gone(
    bridged: Bridged, record_property: Callable[[str, object], None]
) -> None:
    lan, program = bridged.lan, bridged.gateway.program
    with chatter(lan):
        before = frames_of(lan, "host-0")
        with looped(bridged):
            began = time.monotonic()
            stopped = program.wait_for_event("stopped", limit=10)
            took = time.monotonic() - began
            time.sleep(max(0.0, WATCHED - took))
            extra = frames_of(lan, "back") + frames_of(lan, "host-0") - before
        record_property("loop: seconds until stopped, frames", (took, extra))
        print(f"stopped after {took:.2f} s; {extra} frames")
        assert stopped["reason"] == "loop"
        assert took < STOP_LIMIT
        assert extra < MOST_EXTRA
        program.wait_for_event("resumed", limit=RESUME_LIMIT)
    wait_until(lambda: reaches(bridged), "the way is back", limit=10, explain=bridged.explain)


@pytest.fixture
def second(
    network: Network,
    lan: Lan,
    relay: Relay,
    request: pytest.FixtureRequest,
    gateway_program: object,
) -> Iterator[Gateway]:
    """A gateway on another machine of the LAN, for a room of the same relay or of another."""
    other = None
    if request.param == "of another relay":
        machine = network.add_machine("other-relay", IPv4Address(OTHER_RELAY))
        other = Relay(machine, network.folder / "other-relay", host=OTHER_RELAY)
    made = Gateway(lan.add_host("second"), other or relay, "second")
    try:
        yield made
    finally:
        made.close()
        if other is not None:
            other.close()


@pytest.mark.parametrize("second", ["of the same relay", "of another relay"], indirect=True)
def test_of_two_gateways_on_one_lan_one_goes_on(bridged: Bridged, second: Gateway) -> None:
    first, lan = bridged.gateway, bridged.lan
    told_before = len(first.program.events("stopped"))
    before = frames_of(lan, "host-0", lan.port_of(second.machine))
    with chatter(lan):
        second.join(OTHER_ROOM, "--force")
        joined = time.monotonic()

        def stopped() -> list[Gateway]:
            new = first.program.events("stopped")[told_before:]
            return [first] * bool(new) + [second] * bool(second.program.events("stopped"))

        wait_until(stopped, "one of two stops", limit=10, explain=second.program.tail)
        took = time.monotonic() - joined
        time.sleep(max(0.0, WATCHED - took))
        extra = frames_of(lan, "host-0", lan.port_of(second.machine)) - before
        (silent,) = stopped()
        other = second if silent is first else first
        assert silent.program.events("stopped")[-1]["reason"] == "second_gateway"
        assert took < STOP_LIMIT
        assert extra < MOST_EXTRA
        if other is first:
            assert reaches(bridged), bridged.explain()
        resumed = len(silent.program.events("resumed"))
        assert other.terminate() == 0
        silent.program.wait_for_event("resumed", limit=RESUME_LIMIT, after=resumed)
    if silent is second:
        assert second.terminate() == 0
        first.join(ROOM)
    wait_until(lambda: reaches(bridged), "the way is back", limit=20, explain=bridged.explain)
