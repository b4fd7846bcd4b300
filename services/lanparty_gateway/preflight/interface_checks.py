"""Judges the interface: is it there, is it Ethernet, and may foreign frames pass through it. Pure.

What it is made on, and what it is a port of, decides whether frames of others can be sent and
received there at all.
"""

from typing import Final

from lanparty_endpoint.doctor import CheckResult
from lanparty_endpoint.doctor.wording import names_of
from lanparty_gateway.preflight.checks import Finding, PreflightCheck
from lanparty_gateway.preflight.facts import ETHERNET_TYPE, LOOPBACK_TYPE, InterfaceFacts, LanFacts
from lanparty_gateway.preflight.results import failed, fine

__all__ = ["judge_ethernet", "judge_interface", "judge_link", "judge_permission"]

_KINDS: Final = {
    "bridge": "a bridge",
    "bond": "a bond",
    "team": "a team",
    "vlan": "a VLAN of another interface",
    "veth": "a virtual cable",
    "tun": "a TAP",
    "macvlan": "a macvlan",
    "macvtap": "a macvtap",
}
_UPPERS: Final = {
    "bridge": (Finding.BRIDGE_PORT, "the bridge"),
    "bond": (Finding.BOND_PORT, "the bond"),
    "team": (Finding.BOND_PORT, "the team"),
}


def judge_permission(*, permitted: bool) -> CheckResult:
    """Judge whether raw frames may be sent and received."""
    check = PreflightCheck.PERMISSION
    if permitted:
        return fine(check, "raw Ethernet frames")
    return failed(
        check,
        Finding.NO_PERMISSION,
        "no raw Ethernet frames",
        "The gateway needs the right CAP_NET_RAW and nothing else. Run it as root, or give the "
        "Python program that runs it that right: `setcap cap_net_raw+p` as root on a copy of it. "
        "In a container: `--cap-add NET_RAW --network host`.",
    )


def judge_interface(name: str, facts: LanFacts) -> CheckResult:
    """Judge whether there is such an interface."""
    check = PreflightCheck.INTERFACE
    if facts.interface is not None:
        mac = facts.interface.mac
        figure = f"{name}, {mac}" if mac else name
        return fine(check, figure, mac=str(mac) if mac else None)
    others = list(facts.others)
    there = (
        f"There {'is' if len(others) == 1 else 'are'}: {names_of(others)}."
        if others
        else "In a container, only `--network host` shows those of the machine."
    )
    return failed(
        check,
        Finding.NO_INTERFACE,
        f"there is no {name}",
        f"This machine has no network interface {name}. Name the one that your network cable is "
        f"plugged into, as `--interface eth0`. {there}",
        others=others,
    )


def judge_ethernet(interface: InterfaceFacts, *, mac_nat: bool) -> CheckResult:
    """Judge whether Ethernet frames of others pass there."""
    name, details = interface.name, {"kind": interface.kind}
    if interface.hardware_type == LOOPBACK_TYPE:
        return failed(
            PreflightCheck.ETHERNET,
            Finding.LOOPBACK,
            "loopback",
            f"{name} is this machine's talk with itself, and no network. Name the interface that "
            "your network cable is plugged into.",
            **details,
        )
    if interface.hardware_type != ETHERNET_TYPE or interface.mac is None:
        return failed(
            PreflightCheck.ETHERNET,
            Finding.NO_ETHERNET,
            "no Ethernet",
            f"{name} carries no Ethernet frames: it is a dial-up line, a VPN or the like. Name the "
            "interface of your home network instead.",
            hardware_type=interface.hardware_type,
            **details,
        )
    return (
        _as_port(interface)
        or _as_child(interface, mac_nat=mac_nat)
        or fine(PreflightCheck.ETHERNET, _KINDS.get(interface.kind, "Ethernet"), **details)
    )


def judge_link(interface: InterfaceFacts) -> CheckResult:
    """Judge whether the interface is switched on, and the cable plugged in."""
    check, name = PreflightCheck.LINK, interface.name
    if not interface.up:
        return failed(
            check,
            Finding.DOWN,
            "switched off",
            f"{name} is switched off. Switch it on as root: `ip link set {name} up`.",
        )
    if interface.carrier:
        return fine(check, "up")
    return failed(
        check,
        Finding.NO_CARRIER,
        "no link",
        f"{name} is on, but nothing answers at the other end. Is the cable plugged in on both "
        "sides, and is the switch or router on?",
    )


def _as_port(interface: InterfaceFacts) -> CheckResult | None:
    """Judge an interface that another one has taken as its port; None if it is no port."""
    upper, name = interface.upper, interface.name
    if upper is None:
        return None
    if upper.kind == "openvswitch":
        return failed(
            PreflightCheck.ETHERNET,
            Finding.SWITCH_PORT,
            "a port of Open vSwitch",
            f"{name} is a port of an Open vSwitch, which takes what comes in before anybody else. "
            "Name the switch's own interface, as `ovs-vsctl list-br` shows it.",
            upper=upper.name,
        )
    if upper.kind not in _UPPERS:
        return None
    finding, what = _UPPERS[upper.kind]
    return failed(
        PreflightCheck.ETHERNET,
        finding,
        f"a port of {upper.name}",
        f"{name} is a port of {what} {upper.name}: frames that go round it confuse {what}. Use "
        f"{what} itself: `--interface {upper.name}`.",
        upper=upper.name,
    )


def _as_child(interface: InterfaceFacts, *, mac_nat: bool) -> CheckResult | None:
    """Judge an interface that shares another one's cable; None if it gets all frames."""
    name, lower = interface.name, interface.lower
    instead = f": `--interface {lower}`" if lower else ""
    if interface.kind in ("ipvlan", "ipvtap"):
        return failed(
            PreflightCheck.ETHERNET,
            Finding.IPVLAN,
            "an ipvlan",
            f"{name} is an ipvlan, which gets only what is sent to IP addresses of this machine: "
            f"players behind it would hear nothing. Use the interface that it is made on{instead}.",
            lower=lower,
        )
    if interface.kind not in ("macvlan", "macvtap") or interface.mode == "passthru" or mac_nat:
        return None
    return failed(
        PreflightCheck.ETHERNET,
        Finding.MACVLAN,
        "a macvlan",
        f"{name} is a macvlan, which gets only what is sent to its own address: answers to players "
        f"wouldn't come back. Use the interface that it is made on{instead}. Or run with "
        "`--mac-nat`, which hides the players behind this one address.",
        lower=lower,
    )
