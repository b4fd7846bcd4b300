"""The preflight's judgement of the interface: each finding has its sentence and its way out."""

from typing import Any

import pytest

from lanparty_endpoint.doctor import CheckResult, Outcome
from lanparty_gateway.preflight import Finding
from lanparty_gateway.preflight.facts import (
    ForeignMacFacts,
    InterfaceFacts,
    LanFacts,
    Upper,
    WirelessFacts,
    WirelessRole,
)
from lanparty_gateway.preflight.interface_checks import (
    judge_ethernet,
    judge_interface,
    judge_link,
    judge_permission,
)
from lanparty_gateway.preflight.setting_checks import judge_forwarding, judge_mtu, judge_wireless
from lanparty_proto import MacAddress

MAC = MacAddress.parse("02:00:5e:10:00:01")


def interface(**changed: Any) -> InterfaceFacts:
    usual: dict[str, Any] = {"index": 2, "name": "eth0", "mac": MAC, "hardware_type": 1}
    return InterfaceFacts(**(usual | changed))


def verdict(result: CheckResult) -> tuple[Outcome, object]:
    return result.outcome, result.details["finding"]


FINE = (Outcome.OK, Finding.FINE)


def test_a_missing_capability_is_named_with_both_ways_to_give_it() -> None:
    assert verdict(judge_permission(permitted=True)) == FINE
    result = judge_permission(permitted=False)
    assert verdict(result) == (Outcome.FAILED, Finding.NO_PERMISSION)
    assert "setcap cap_net_raw" in result.advice
    assert "--cap-add NET_RAW" in result.advice


@pytest.mark.parametrize(
    ("others", "sentence"),
    [
        (("eth0", "eth1"), "There are: eth0 and eth1."),
        (("eth0",), "There is: eth0."),
        ((), "--network host"),
    ],
)
def test_a_missing_interface_is_answered_with_those_that_exist(
    others: tuple[str, ...], sentence: str
) -> None:
    result = judge_interface("eth7", LanFacts(permitted=True, others=others))
    assert verdict(result) == (Outcome.FAILED, Finding.NO_INTERFACE)
    assert sentence in result.advice


def test_an_interface_is_shown_with_its_address() -> None:
    result = judge_interface("eth0", LanFacts(permitted=True, interface=interface()))
    assert (verdict(result), result.figure) == (FINE, "eth0, 02:00:5e:10:00:01")


@pytest.mark.parametrize(
    ("changed", "finding", "way_out"),
    [
        ({"hardware_type": 772, "name": "lo"}, Finding.LOOPBACK, "cable"),
        ({"hardware_type": 512, "mac": None}, Finding.NO_ETHERNET, "home network"),
        ({"hardware_type": 65534, "mac": None}, Finding.NO_ETHERNET, "VPN"),
        ({"hardware_type": 32, "mac": None}, Finding.NO_ETHERNET, "home network"),
        ({"upper": Upper(name="br0", kind="bridge")}, Finding.BRIDGE_PORT, "--interface br0"),
        ({"upper": Upper(name="bond0", kind="bond")}, Finding.BOND_PORT, "--interface bond0"),
        ({"upper": Upper(name="team0", kind="team")}, Finding.BOND_PORT, "--interface team0"),
        ({"upper": Upper(name="ovs-system", kind="openvswitch")}, Finding.SWITCH_PORT, "ovs-vsctl"),
        ({"kind": "ipvlan", "lower": "eth1"}, Finding.IPVLAN, "--interface eth1"),
        ({"kind": "macvlan", "mode": "bridge", "lower": "eth1"}, Finding.MACVLAN, "--mac-nat"),
        ({"kind": "macvtap", "mode": "private"}, Finding.MACVLAN, "--mac-nat"),
    ],
)
def test_what_cant_be_bridged_is_refused_with_a_way_out(
    changed: dict[str, Any], finding: Finding, way_out: str
) -> None:
    result = judge_ethernet(interface(**changed), mac_nat=False)
    assert verdict(result) == (Outcome.FAILED, finding)
    assert way_out in result.advice


@pytest.mark.parametrize(
    ("changed", "figure"),
    [
        ({}, "Ethernet"),
        ({"kind": "bridge"}, "a bridge"),
        ({"kind": "bond"}, "a bond"),
        ({"kind": "vlan", "lower": "eth1"}, "a VLAN of another interface"),
        ({"kind": "veth"}, "a virtual cable"),
        ({"kind": "macvlan", "mode": "passthru"}, "a macvlan"),
        ({"kind": "something new"}, "Ethernet"),
        ({"upper": Upper(name="vrf0", kind="vrf")}, "Ethernet"),
    ],
)
def test_what_can_be_bridged_is_named(changed: dict[str, Any], figure: str) -> None:
    result = judge_ethernet(interface(**changed), mac_nat=False)
    assert (verdict(result), result.figure) == (FINE, figure)


def test_a_macvlan_will_do_with_mac_nat_but_an_ipvlan_wont() -> None:
    assert verdict(judge_ethernet(interface(kind="macvlan", mode="bridge"), mac_nat=True)) == FINE
    result = judge_ethernet(interface(kind="ipvlan"), mac_nat=True)
    assert verdict(result) == (Outcome.FAILED, Finding.IPVLAN)


def test_off_and_unplugged_are_told_apart() -> None:
    assert verdict(judge_link(interface())) == FINE
    off = judge_link(interface(up=False, carrier=False))
    assert verdict(off) == (Outcome.FAILED, Finding.DOWN)
    assert "ip link set eth0 up" in off.advice
    unplugged = judge_link(interface(carrier=False))
    assert verdict(unplugged) == (Outcome.FAILED, Finding.NO_CARRIER)
    assert "cable" in unplugged.advice


STATION = WirelessFacts()


@pytest.mark.parametrize(
    ("wireless", "answered", "mac_nat", "expected"),
    [
        (None, False, False, FINE),
        (STATION, False, False, (Outcome.FAILED, Finding.WIRELESS_STATION)),
        (STATION, None, False, (Outcome.FAILED, Finding.WIRELESS_STATION)),
        (STATION, False, True, FINE),
        (STATION, None, True, FINE),
        # An answer to a foreign address is proof, whatever the driver is called.
        (STATION, True, False, FINE),
        (WirelessFacts(four_addresses=True), False, False, FINE),
        (WirelessFacts(role=WirelessRole.ACCESS_POINT), False, False, FINE),
    ],
)
def test_a_wireless_station_is_refused_unless_it_can_carry_frames_of_others(
    wireless: WirelessFacts | None,
    answered: bool | None,
    mac_nat: bool,
    expected: tuple[Outcome, Finding],
) -> None:
    asked = None if answered is None else ForeignMacFacts(foreign_answered=answered)
    assert verdict(judge_wireless(interface(wireless=wireless), asked, mac_nat=mac_nat)) == expected


@pytest.mark.parametrize(
    ("mtu", "in_room", "expected"),
    [
        (1500, False, FINE),
        (1400, False, (Outcome.WARNING, Finding.MTU_SMALL)),
        (1400, True, (Outcome.FAILED, Finding.MTU_SMALL)),
        (1279, False, (Outcome.FAILED, Finding.MTU_SMALL)),
        (9000, False, (Outcome.WARNING, Finding.MTU_JUMBO)),
    ],
)
def test_the_packet_size_has_to_carry_the_room(
    mtu: int, in_room: bool, expected: tuple[Outcome, Finding]
) -> None:
    result = judge_mtu(interface(mtu=mtu), room_mtu=1500, in_room=in_room)
    assert verdict(result) == expected
    if result.details["finding"] == Finding.MTU_SMALL:
        assert "ip link set eth0 mtu 1500" in result.advice


def test_routing_matters_with_mac_nat_alone_and_its_switch_is_named() -> None:
    routing = interface(name="eth0.7", forwards=("ipv4", "ipv6"))
    assert judge_forwarding(routing, mac_nat=False).outcome is Outcome.SKIPPED
    assert verdict(judge_forwarding(interface(), mac_nat=True)) == FINE
    result = judge_forwarding(routing, mac_nat=True)
    assert verdict(result) == (Outcome.WARNING, Finding.HOST_FORWARDS)
    assert result.details["sysctls"] == [
        "net.ipv4.conf.eth0/7.forwarding",
        "net.ipv6.conf.eth0/7.forwarding",
    ]
    assert result.figure == "this machine routes IPv4 and IPv6"
