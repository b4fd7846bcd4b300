"""All checks in their order, from all that was found. Pure."""

from collections.abc import Sequence
from dataclasses import dataclass

from lanparty_endpoint.doctor import CheckResult, Outcome, worst
from lanparty_gateway.preflight.checks import PreflightCheck
from lanparty_gateway.preflight.facts import DhcpServer, HeardFacts, InterfaceFacts, LanFacts
from lanparty_gateway.preflight.interface_checks import (
    judge_ethernet,
    judge_interface,
    judge_link,
    judge_permission,
)
from lanparty_gateway.preflight.lan_checks import (
    judge_dhcp,
    judge_foreign_mac,
    judge_second_gateway,
    judge_spanning_tree,
    judge_vlan,
)
from lanparty_gateway.preflight.results import not_looked_at
from lanparty_gateway.preflight.setting_checks import judge_forwarding, judge_mtu, judge_wireless
from lanparty_proto import DEFAULT_ROOM_MTU

__all__ = ["Examination", "Wish", "can_be_surveyed", "judge", "judge_in_room"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Wish:
    """The settings that the findings depend on."""

    interface: str
    mac_nat: bool = False
    vlan: int | None = None
    """1 to 4,094: the VLAN whose tagged frames are the LAN; None: the untagged ones."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Examination:
    """The preflight's results in the order of the checks, and what they rest on."""

    wish: Wish
    facts: LanFacts
    results: Sequence[CheckResult]

    @property
    def outcome(self) -> Outcome:
        """The worst of all. FAILED: nothing must be bridged here unless somebody insists."""
        return worst(result.outcome for result in self.results)

    def to_dict(self, *, version: str) -> dict[str, object]:
        """Return plain values for JSON, alike the doctor's; `version` is softlan's own."""
        return {
            "version": version,
            "interface": self.wish.interface,
            "outcome": self.outcome.value,
            "checks": [result.to_dict() for result in self.results],
        }


def can_be_surveyed(wish: Wish, facts: LanFacts) -> bool:
    """Whether frames can be sent and heard: a permitted, fit interface with a link."""
    results = {result.check: result.outcome for result in _results(wish, facts)}
    return all(
        results.get(check) is Outcome.OK
        for check in (
            PreflightCheck.PERMISSION,
            PreflightCheck.INTERFACE,
            PreflightCheck.ETHERNET,
            PreflightCheck.LINK,
        )
    )


def judge(wish: Wish, facts: LanFacts) -> Examination:
    """Judge everything that can be known before there is a room."""
    return Examination(wish=wish, facts=facts, results=_in_order(_results(wish, facts)))


def judge_in_room(
    found: Examination,
    *,
    room_mtu: int,
    room_servers: Sequence[DhcpServer],
    dhcp_crosses: bool,
) -> list[CheckResult]:
    """Judge again what depends on the room: its MTU in bytes, and the DHCP servers in it.

    `dhcp_crosses` is the policy (`--dhcp lan-to-room`): servers of the LAN reach the players.
    """
    if found.facts.interface is None:
        return []
    return [
        judge_mtu(found.facts.interface, room_mtu=room_mtu, in_room=True),
        judge_dhcp(found.facts.dhcp_servers, room_servers, dhcp_crosses=dhcp_crosses),
    ]


def _results(wish: Wish, facts: LanFacts) -> list[CheckResult]:
    results = [
        judge_permission(permitted=facts.permitted),
        judge_interface(wish.interface, facts),
    ]
    if facts.interface is None:
        return results
    results.append(judge_ethernet(facts.interface, mac_nat=wish.mac_nat))
    if results[-1].outcome is Outcome.FAILED:
        return results
    results += _of_interface(wish, facts, facts.interface)
    if facts.heard is not None:
        results += _of_lan(wish, facts, facts.heard)
    return results


def _of_interface(wish: Wish, facts: LanFacts, interface: InterfaceFacts) -> list[CheckResult]:
    return [
        judge_link(interface),
        judge_wireless(interface, facts.foreign_mac, mac_nat=wish.mac_nat),
        judge_mtu(interface, room_mtu=DEFAULT_ROOM_MTU),
        judge_forwarding(interface, mac_nat=wish.mac_nat),
    ]


def _of_lan(wish: Wish, facts: LanFacts, heard: HeardFacts) -> list[CheckResult]:
    return [
        judge_foreign_mac(facts.foreign_mac, facts.hypervisor, mac_nat=wish.mac_nat),
        judge_second_gateway(heard),
        judge_spanning_tree(heard),
        judge_vlan(heard, vlan=wish.vlan),
        judge_dhcp(facts.dhcp_servers),
    ]


def _in_order(results: list[CheckResult]) -> list[CheckResult]:
    """Put a line for every check, also those for which there was nothing to look at."""
    made = {result.check: result for result in results}
    return [
        made.get(check) or not_looked_at(check, "after the above is mended")
        for check in PreflightCheck
    ]
