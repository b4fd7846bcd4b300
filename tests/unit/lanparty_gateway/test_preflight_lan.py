"""The preflight's judgement of what was heard and answered on the LAN."""

from ipaddress import IPv4Address

import pytest

from lanparty_endpoint.doctor import CheckResult, Outcome
from lanparty_gateway.preflight import DhcpServer, Finding
from lanparty_gateway.preflight.facts import ForeignMacFacts, HeardFacts, Hypervisor
from lanparty_gateway.preflight.lan_checks import (
    judge_dhcp,
    judge_foreign_mac,
    judge_second_gateway,
    judge_spanning_tree,
    judge_vlan,
)

ROUTER = IPv4Address("192.168.7.1")
FINE = (Outcome.OK, Finding.FINE)


def verdict(result: CheckResult) -> tuple[Outcome, object]:
    return result.outcome, result.details["finding"]


def asked(*, foreign: bool = False, own: bool = False) -> ForeignMacFacts:
    return ForeignMacFacts(asked=(ROUTER,), tries=3, foreign_answered=foreign, own_answered=own)


def test_an_answer_to_a_foreign_address_passes() -> None:
    assert verdict(judge_foreign_mac(asked(foreign=True), None, mac_nat=False)) == FINE


@pytest.mark.parametrize(
    ("hypervisor", "way_out"),
    [
        (None, "VMware: Forged transmits"),
        (Hypervisor.VIRTUALBOX, "Promiscuous Mode: Allow All"),
        (Hypervisor.VMWARE, "Forged transmits"),
        (Hypervisor.HYPER_V, "Enable MAC address spoofing"),
        (Hypervisor.QEMU, "Proxmox"),
    ],
)
def test_a_dropped_foreign_address_names_what_to_switch_on(
    hypervisor: Hypervisor | None, way_out: str
) -> None:
    result = judge_foreign_mac(asked(own=True), hypervisor, mac_nat=False)
    assert verdict(result) == (Outcome.WARNING, Finding.FOREIGN_MAC_DROPPED)
    assert way_out in result.advice
    assert "--mac-nat" in result.advice


def test_only_the_own_hypervisors_switch_is_named_where_it_is_known() -> None:
    result = judge_foreign_mac(asked(own=True), Hypervisor.HYPER_V, mac_nat=False)
    assert "VirtualBox" not in result.advice


def test_where_nobody_answers_nothing_is_blamed() -> None:
    result = judge_foreign_mac(asked(), None, mac_nat=False)
    assert verdict(result) == (Outcome.WARNING, Finding.FOREIGN_MAC_UNSEEN)
    assert "192.168.7.1" in result.advice


@pytest.mark.parametrize("found", [None, ForeignMacFacts()])
def test_with_nobody_to_ask_the_check_is_left_out(found: ForeignMacFacts | None) -> None:
    assert judge_foreign_mac(found, None, mac_nat=False).outcome is Outcome.SKIPPED


def test_mac_nat_needs_no_foreign_address() -> None:
    assert verdict(judge_foreign_mac(None, None, mac_nat=True)) == FINE


def test_another_gateway_is_told_by_its_id() -> None:
    assert verdict(judge_second_gateway(HeardFacts())) == FINE
    result = judge_second_gateway(HeardFacts(gateways=(0xABC,)))
    assert verdict(result) == (Outcome.WARNING, "second_gateway")
    assert result.details["gateways"] == ["0000000000000abc"]
    assert judge_second_gateway(HeardFacts(gateways=(1, 2))).figure == "2 more are here"


def test_a_spanning_tree_is_named_with_what_it_means() -> None:
    assert verdict(judge_spanning_tree(HeardFacts())) == FINE
    result = judge_spanning_tree(HeardFacts(spanning_trees=("PVST+", "RSTP")))
    assert verdict(result) == (Outcome.WARNING, Finding.SPANNING_TREE_HEARD)
    assert result.figure == "a switch speaks PVST+ and RSTP"
    assert "BPDU guard" in result.advice


@pytest.mark.parametrize(
    ("heard", "vlan", "expected", "said"),
    [
        ((), None, FINE, ""),
        ((7, 20), None, (Outcome.WARNING, Finding.VLAN_TRUNK), "--vlan 7"),
        ((7, 20), 20, FINE, ""),
        ((7, 20), 9, (Outcome.WARNING, Finding.VLAN_SILENT), "Heard were VLANs 7 and 20."),
        ((), 9, (Outcome.WARNING, Finding.VLAN_SILENT), "leave `--vlan` out"),
    ],
)
def test_a_trunk_and_a_missing_vlan_are_told(
    heard: tuple[int, ...], vlan: int | None, expected: tuple[Outcome, Finding], said: str
) -> None:
    result = judge_vlan(HeardFacts(vlans=heard, seconds=3.2), vlan=vlan)
    assert verdict(result) == expected
    assert said in result.advice


def test_a_trunk_of_many_vlans_stays_one_line() -> None:
    result = judge_vlan(HeardFacts(vlans=tuple(range(1, 101))), vlan=None)
    assert result.figure == "VLANs 1, 2, 3, 4, 5, 6, 7, 8 and 92 more heard"


def servers(*addresses: str) -> tuple[DhcpServer, ...]:
    return tuple(DhcpServer(address=IPv4Address(address)) for address in addresses)


@pytest.mark.parametrize(
    ("lan", "room", "crosses", "expected", "figure"),
    [
        ((), None, True, FINE, "none answered"),
        (("192.168.7.1",), None, True, FINE, "192.168.7.1"),
        (
            ("192.168.7.1", "192.168.7.3"),
            None,
            True,
            (Outcome.WARNING, Finding.SEVERAL_DHCP_SERVERS),
            "2 on this network",
        ),
        (
            ("192.168.7.1",),
            ("10.0.0.1",),
            True,
            (Outcome.WARNING, Finding.DHCP_ON_BOTH_SIDES),
            "192.168.7.1 here, 10.0.0.1 in the room",
        ),
        (("192.168.7.1",), ("10.0.0.1",), False, FINE, "192.168.7.1"),
        (("192.168.7.1",), ("192.168.7.1",), True, FINE, "192.168.7.1"),
        (("192.168.7.1",), (), True, FINE, "192.168.7.1"),
        ((), ("10.0.0.1",), True, FINE, "10.0.0.1 in the room alone"),
    ],
)
def test_two_dhcp_servers_for_the_same_machines_are_told(
    lan: tuple[str, ...],
    room: tuple[str, ...] | None,
    crosses: bool,
    expected: tuple[Outcome, Finding],
    figure: str,
) -> None:
    in_room = None if room is None else servers(*room)
    result = judge_dhcp(servers(*lan), in_room, dhcp_crosses=crosses)
    assert (verdict(result), result.figure) == (expected, figure)
    if expected[1] is Finding.DHCP_ON_BOTH_SIDES:
        assert "--dhcp block" in result.advice
