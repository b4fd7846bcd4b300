"""Which interfaces setup-host leaves alone, and with which words."""

import dataclasses
from typing import Any

import pytest

from lanparty_gateway.host.judging import firewall_notice, plan_lines, refusal
from lanparty_gateway.host.picture import HostAddress, HostPicture, HostRoute

PICTURE = HostPicture(
    name="eth0",
    mac="02:00:00:00:00:01",
    mtu=1500,
    is_ethernet=True,
    is_up=True,
    addresses=(HostAddress(family=2, address="192.168.1.5", prefix_length=24),),
    routes=(HostRoute(family=2, destination="default", gateway="192.168.1.1"),),
)


def test_an_ordinary_interface_may_be_set_up() -> None:
    assert refusal(PICTURE, others=["lo", "eth0", "wlan0"]) is None


@pytest.mark.parametrize(
    ("change", "hint"),
    [
        ({"name": "slgw0"}, "made by this command"),
        ({"is_ethernet": False}, "isn't an Ethernet interface"),
        ({"is_wireless": True}, "--mac-nat"),
        ({"master": "br0"}, "--interface br0"),
        ({"is_up": False}, "is down"),
        ({"in_the_way": ("macvlan0",)}, "macvlan0 is made on eth0"),
        ({"odd_routes": ("10.0.0.0/8",)}, "10.0.0.0/8"),
    ],
)
def test_what_cannot_be_done_is_refused_with_a_way_out(change: dict[str, Any], hint: str) -> None:
    reason = refusal(dataclasses.replace(PICTURE, **change), others=["eth0"])
    assert reason is not None
    assert hint in reason


def test_a_name_that_somebody_else_took_is_refused() -> None:
    reason = refusal(PICTURE, others=["lo", "eth0", "slbr0"])
    assert reason is not None
    assert "sudo ip link delete slbr0" in reason


def test_the_plan_names_what_is_moved() -> None:
    text = "\n".join(plan_lines(PICTURE))
    assert "192.168.1.5/24" in text
    assert "default via 192.168.1.1" in text
    bare = "\n".join(plan_lines(dataclasses.replace(PICTURE, addresses=(), routes=())))
    assert "no address" in bare
    assert "no route" in bare


def test_a_firewall_that_judges_bridges_gets_its_lines() -> None:
    assert firewall_notice(bridge_is_filtered=False) is None
    notice = firewall_notice(bridge_is_filtered=True)
    assert notice is not None
    assert "iptables -I FORWARD -i slbr0 -o slbr0 -j ACCEPT" in notice
