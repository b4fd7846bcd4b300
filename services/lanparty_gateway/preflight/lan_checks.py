"""Judges what was heard and answered on the LAN. Pure."""

from collections.abc import Sequence
from typing import Final

from lanparty_endpoint.doctor import CheckResult
from lanparty_endpoint.doctor.wording import names_of
from lanparty_gateway.preflight.checks import Finding, PreflightCheck
from lanparty_gateway.preflight.facts import (
    DhcpServer,
    ForeignMacFacts,
    HeardFacts,
    Hypervisor,
)
from lanparty_gateway.preflight.results import fine, not_looked_at, warning

__all__ = [
    "judge_dhcp",
    "judge_foreign_mac",
    "judge_second_gateway",
    "judge_spanning_tree",
    "judge_vlan",
]

_MOST_VLANS_NAMED: Final = 8

_ALLOWANCES: Final = {
    Hypervisor.VIRTUALBOX: "In VirtualBox: the machine's Settings, Network, Advanced, Promiscuous "
    "Mode: Allow All.",
    Hypervisor.VMWARE: "In VMware ESXi: the port group's Security settings, accept Promiscuous "
    "mode, Forged transmits and MAC address changes.",
    Hypervisor.HYPER_V: "In Hyper-V: the network adapter's Advanced Features, Enable MAC address "
    "spoofing.",
    Hypervisor.QEMU: "In Proxmox: switch off the firewall's MAC filter of this machine; in "
    "libvirt: remove the filter `no-mac-spoofing` from its network interface.",
}


def judge_foreign_mac(
    asked: ForeignMacFacts | None, hypervisor: Hypervisor | None, *, mac_nat: bool
) -> CheckResult:
    """Judge whether frames with players' sender addresses come through, and the answers back."""
    check = PreflightCheck.FOREIGN_MAC
    if mac_nat:
        return fine(check, "not needed with --mac-nat")
    if asked is None or not asked.asked:
        return not_looked_at(check, "nobody on this network to ask")
    details: dict[str, object] = {
        "asked": [str(address) for address in asked.asked],
        "tries": asked.tries,
        "own_answered": asked.own_answered,
    }
    if asked.foreign_answered:
        return fine(check, "pass", **details)
    if asked.own_answered:
        return warning(
            check,
            Finding.FOREIGN_MAC_DROPPED,
            "dropped on the way",
            "This network answers this machine, but not somebody with another hardware (MAC) "
            f"address, as each player has: something on the way drops them. {_culprit(hypervisor)} "
            "Or run with `--mac-nat`, which hides the players behind this machine's own address.",
            **details,
        )
    return warning(
        check,
        Finding.FOREIGN_MAC_UNSEEN,
        "nobody answered",
        f"{names_of(list(map(str, asked.asked)))} didn't even answer this machine itself. So it "
        "couldn't be seen whether the hardware (MAC) addresses of players pass. "
        "If players reach nobody on this network, run with `--mac-nat`.",
        **details,
    )


def judge_second_gateway(heard: HeardFacts) -> CheckResult:
    """Judge whether another softlan gateway is on the LAN."""
    check = PreflightCheck.SECOND_GATEWAY
    if not heard.gateways:
        return fine(check, "none heard")
    count = len(heard.gateways)
    return warning(
        check,
        Finding.GATEWAY_HEARD,
        "one more is here" if count == 1 else f"{count} more are here",
        "Another softlan gateway runs on this network. Two gateways would make one network of two "
        "rooms, or a loop of one, so one of the two stops by itself. Leave only one running here. "
        "If this one stands by for the other (`--standby`), all is well.",
        gateways=[f"{each:016x}" for each in heard.gateways],
    )


def judge_spanning_tree(heard: HeardFacts) -> CheckResult:
    """Judge what a switch that speaks a spanning tree protocol means."""
    check = PreflightCheck.SPANNING_TREE
    if not heard.spanning_trees:
        return fine(check, "none heard")
    return warning(
        check,
        Finding.SPANNING_TREE_HEARD,
        f"a switch speaks {names_of(list(heard.spanning_trees))}",
        "A managed switch watches this port for loops. softlan neither sends such messages nor "
        "passes them on, so a switch that closes ports at them (BPDU guard) leaves this one open; "
        "loops through the room are the gateway's own to find. If the switch limits how many "
        "hardware (MAC) addresses a port may have (port security), allow one for each player.",
        protocols=list(heard.spanning_trees),
    )


def judge_vlan(heard: HeardFacts, *, vlan: int | None) -> CheckResult:
    """Judge whether the frames of the LAN that is meant are tagged, or not."""
    check = PreflightCheck.VLAN
    details: dict[str, object] = {"heard": list(heard.vlans), "wanted": vlan}
    others = [number for number in heard.vlans if number != vlan]
    if vlan is not None:
        if vlan in heard.vlans:
            return fine(check, f"VLAN {vlan}", **details)
        there = f" Heard were {_numbers(others)}." if others else ""
        return warning(
            check,
            Finding.VLAN_SILENT,
            f"nothing heard of VLAN {vlan}",
            f"In {heard.seconds:.0f} seconds no frame of VLAN {vlan} came. Does the switch port "
            f"carry it, tagged?{there} On a port for a single network, leave `--vlan` out.",
            **details,
        )
    if not others:
        return fine(check, "none", **details)
    return warning(
        check,
        Finding.VLAN_TRUNK,
        f"{_numbers(others)} heard",
        "This cable carries several networks (VLANs). The room gets the one without a number; for "
        f"another one, say which: `--vlan {others[0]}`.",
        **details,
    )


def judge_dhcp(
    on_lan: Sequence[DhcpServer],
    in_room: Sequence[DhcpServer] | None = None,
    *,
    dhcp_crosses: bool = True,
) -> CheckResult:
    """Judge whether two servers would give addresses to the same machines.

    `in_room` is None as long as there is no room; `dhcp_crosses`: the LAN's serve players too.
    """
    check = PreflightCheck.DHCP
    lan, room = _addresses(on_lan), _addresses(in_room or ())
    # A server is no second one for being heard on both sides: the way round is a loop's matter.
    room = [address for address in room if address not in lan]
    details: dict[str, object] = {"lan": lan, "room": room if in_room is not None else None}
    if len(lan) > 1:
        return warning(
            check,
            Finding.SEVERAL_DHCP_SERVERS,
            f"{len(lan)} on this network",
            f"{names_of(lan)} give out addresses on this network, all of them. That makes "
            "addresses clash sooner or later, also without softlan. Leave it to one of them and "
            "switch the others off; usually the router is the one.",
            **details,
        )
    if lan and room and dhcp_crosses:
        return warning(
            check,
            Finding.DHCP_ON_BOTH_SIDES,
            f"{lan[0]} here, {names_of(room)} in the room",
            "A player gives out addresses in the room, and so does this network: players may get "
            "either. Your own network is safe, a player's server never reaches it. Let the player "
            "switch that server off, or start with `--dhcp block`, which keeps this network's "
            "server from the room.",
            **details,
        )
    if not lan:
        figure = "none answered" if not room else f"{names_of(room)} in the room alone"
        return fine(check, figure, **details)
    return fine(check, lan[0], **details)


def _culprit(hypervisor: Hypervisor | None) -> str:
    if hypervisor is not None:
        return f"This is a virtual machine, whose host has to allow it. {_ALLOWANCES[hypervisor]}"
    return (
        "On a virtual machine its host has to allow it (VirtualBox: Promiscuous Mode: Allow All; "
        "VMware: Forged transmits and Promiscuous mode; Hyper-V: MAC address spoofing; Proxmox: "
        "no MAC filter). Behind a Wi-Fi repeater or access point use a cable to the router."
    )


def _addresses(servers: Sequence[DhcpServer]) -> list[str]:
    return [str(server.address) for server in servers]


def _numbers(vlans: Sequence[int]) -> str:
    named = list(map(str, vlans[:_MOST_VLANS_NAMED]))
    more = len(vlans) - len(named)
    what = "VLAN" if len(vlans) == 1 else "VLANs"
    return f"{what} {names_of(named) if not more else ', '.join(named) + f' and {more} more'}"
