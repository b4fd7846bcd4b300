"""The gateway, its cable, its interface or the relay goes: nothing is left, all comes back."""

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager

import pytest
from bridged import ROOM, Bridged
from lan import Lan, mac_of
from namespaces import Namespace, link
from real_gateway import Gateway
from real_relay import Relay
from traffic import Stream

BACK_LIMIT = 3.0
"""From the moment when it can be, to the first packet that arrives."""
AWAY = 3.0
TAKE_OVER = 2.0
SILENCE = 2.0

pytestmark = pytest.mark.timeout(120)


@contextmanager
def watched(bridged: Bridged) -> Iterator[Stream]:
    """A stream from a host of the LAN to the player."""
    with Stream(bridged.lan.files, bridged.ann.machine, bridged.address, rate=50) as stream:
        stream.seconds_until_flowing(time.monotonic(), limit=10)
        yield stream


@pytest.fixture(scope="module")
def spare(lan: Lan) -> Namespace:
    """Another machine of the LAN, for a standby gateway."""
    return lan.add_host("standby")


@pytest.mark.parametrize("end", ["SIGTERM", "SIGKILL"])
def test_nothing_is_left_when_it_ends_and_all_is_there_again_when_it_is_back(
    bridged: Bridged, end: str
) -> None:
    gateway = bridged.gateway
    assert gateway.is_promiscuous()
    if end == "SIGTERM":
        assert gateway.terminate() == 0
    else:
        gateway.program.kill()
    assert not gateway.is_promiscuous()
    assert len(bridged.lan.gateway_host.run("cat", "/proc/net/packet").splitlines()) == 1
    with Stream(bridged.lan.files, bridged.ann.machine, bridged.address, rate=50) as stream:
        gateway.join(ROOM)
        took = stream.seconds_until_flowing(time.monotonic(), limit=20)
    assert took < BACK_LIMIT
    assert gateway.is_promiscuous()


def test_a_pulled_cable_comes_back(bridged: Bridged) -> None:
    with watched(bridged) as stream:
        bridged.lan.home.unplug()
        time.sleep(AWAY)
        bridged.lan.home.plug_in()
        took = stream.seconds_until_flowing(time.monotonic(), limit=20)
    assert took < BACK_LIMIT
    assert bridged.gateway.is_promiscuous()


def test_an_interface_that_was_down_comes_back(bridged: Bridged) -> None:
    host = bridged.lan.gateway_host
    with watched(bridged) as stream:
        host.ip("link", "set", "eth0", "down")
        time.sleep(AWAY)
        host.ip("link", "set", "eth0", "up")
        host.ip("route", "replace", "default", "via", bridged.lan.router_address, "dev", "eth0")
        took = stream.seconds_until_flowing(time.monotonic(), limit=20)
    assert took < BACK_LIMIT
    assert bridged.gateway.is_promiscuous()


def test_another_mac_of_the_interface_changes_nothing(bridged: Bridged) -> None:
    host = bridged.lan.gateway_host
    # As a machine's network manager does: the router must learn of it, or the tunnel breaks off.
    host.set_sysctl("ipv4.conf.eth0.arp_notify", 1)
    with watched(bridged) as stream:
        host.ip("link", "set", "eth0", "address", "02:00:5e:20:00:77")
        took = stream.seconds_until_flowing(time.monotonic(), limit=20)
    assert took < BACK_LIMIT


def test_a_network_card_that_was_unplugged_comes_back(bridged: Bridged) -> None:
    lan = bridged.lan
    host, port = lan.gateway_host, lan.port_of(lan.gateway_host)
    with watched(bridged) as stream:
        host.ip("link", "delete", "eth0")
        time.sleep(AWAY / 2)
        link(host, "eth0", lan.router, port)
        lan.router.ip("link", "set", port, "master", "lan")
        host.ip("addr", "add", f"{lan.address_of(host)}/24", "dev", "eth0")
        host.ip("route", "add", "default", "via", lan.router_address, "dev", "eth0")
        took = stream.seconds_until_flowing(time.monotonic(), limit=20)
    assert took < BACK_LIMIT
    assert bridged.gateway.is_promiscuous()
    assert mac_of(host)


def test_all_is_back_after_the_relay_was_killed(bridged: Bridged, relay: Relay) -> None:
    with watched(bridged) as stream:
        relay.kill()
        time.sleep(AWAY)
        relay.start()
        took = stream.seconds_until_flowing(time.monotonic(), limit=20)
    assert took < BACK_LIMIT


@pytest.mark.parametrize("how", ["leaves", "hangs"])
def test_a_standby_takes_over(
    bridged: Bridged, gateway: Callable[..., Gateway], spare: Namespace, how: str
) -> None:
    first = bridged.gateway
    second = gateway(spare, name="standby")
    second.start(f"--room={ROOM}", "--standby")
    second.program.wait_for_event("waiting", limit=20)
    with watched(bridged) as stream:
        if how == "leaves":
            assert first.terminate() == 0
        else:
            first.freeze()
        began = time.monotonic()
        took = stream.seconds_until_flowing(began, limit=20)
        second.program.wait_for_event("joined", limit=5)
    assert took < TAKE_OVER + (SILENCE if how == "hangs" else 0)
    if how == "hangs":
        first.thaw()
        first.program.kill()
    assert second.terminate() == 0
    first.join(ROOM)
    with watched(bridged):
        pass
