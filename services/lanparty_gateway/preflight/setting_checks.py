"""Judges what the interface's settings make of players' frames: Wi-Fi, size, routing. Pure."""

from lanparty_endpoint.doctor import CheckResult
from lanparty_endpoint.doctor.wording import names_of
from lanparty_gateway.preflight.checks import Finding, PreflightCheck
from lanparty_gateway.preflight.facts import ForeignMacFacts, InterfaceFacts, WirelessRole
from lanparty_gateway.preflight.results import failed, fine, not_looked_at, warning
from lanparty_proto import MAXIMUM_ROOM_MTU, MINIMUM_ROOM_MTU

__all__ = ["judge_forwarding", "judge_mtu", "judge_wireless"]


def judge_wireless(
    interface: InterfaceFacts, asked: ForeignMacFacts | None, *, mac_nat: bool
) -> CheckResult:
    """Judge whether a wireless interface may send for others.

    A station's frames have three addresses (IEEE 802.11-2020 clause 9.3.2.1), and the sender's is
    the transmitter's: there is no room for a player's. An answer to a foreign address, if there was
    one, says more than any rule.
    """
    check, wireless = PreflightCheck.WIRELESS, interface.wireless
    if wireless is None:
        return fine(check, "no Wi-Fi")
    if wireless.role is WirelessRole.ACCESS_POINT:
        return fine(check, "an access point of this machine", role="access_point")
    if wireless.four_addresses or (asked is not None and asked.foreign_answered):
        return fine(check, "carries frames of others (WDS)", role="station")
    if mac_nat:
        return fine(check, "players are hidden behind this machine (--mac-nat)", role="station")
    return failed(
        check,
        Finding.WIRELESS_STATION,
        f"{interface.name} is a Wi-Fi connection",
        "Over Wi-Fi a machine can send only in its own name, so players' frames would never "
        "arrive. Connect this machine to the router with a cable. Or run with `--mac-nat`, which "
        "hides the players behind this machine's own address.",
        role="station",
    )


def judge_mtu(interface: InterfaceFacts, *, room_mtu: int, in_room: bool = False) -> CheckResult:
    """Judge whether the room's largest packets fit the interface; sizes in bytes.

    `in_room` says that `room_mtu` is a room's own and no guess.
    """
    check, name, mtu = PreflightCheck.MTU, interface.name, interface.mtu
    details: dict[str, object] = {"mtu": mtu, "room_mtu": room_mtu}
    if mtu < room_mtu:
        judged = failed if in_room or mtu < MINIMUM_ROOM_MTU else warning
        itself = (
            ""
            if in_room or mtu < MINIMUM_ROOM_MTU
            else " A room that this gateway makes (`--create`) fits by itself."
        )
        return judged(
            check,
            Finding.MTU_SMALL,
            f"{mtu} bytes, {'the room has' if in_room else 'rooms have'} {room_mtu}",
            f"Large packets of the room don't fit through {name}. Set it to {room_mtu} bytes as "
            f"root: `ip link set {name} mtu {room_mtu}`.{itself}",
            **details,
        )
    if mtu > MAXIMUM_ROOM_MTU:
        return warning(
            check,
            Finding.MTU_JUMBO,
            f"{mtu} bytes: jumbo frames",
            f"{name} is set to jumbo frames, but packets over {room_mtu} bytes don't cross into "
            f"the room. If other machines here send such packets too, set them to {room_mtu} "
            "bytes; web pages and downloads adapt by themselves.",
            **details,
        )
    return fine(check, f"{mtu} bytes", **details)


def judge_forwarding(interface: InterfaceFacts, *, mac_nat: bool) -> CheckResult:
    """Judge whether the host's routing meddles with players that are hidden behind its address.

    What is sent to a player then carries the host's own MAC address, so the host's IP stack takes
    it for something that it is to route.
    """
    check = PreflightCheck.FORWARDING
    if not mac_nat:
        return not_looked_at(check, "matters only with --mac-nat")
    if not interface.forwards:
        return fine(check, "off on this interface")
    keys = [
        f"net.{family}.conf.{_as_key(interface.name)}.forwarding" for family in interface.forwards
    ]
    return warning(
        check,
        Finding.HOST_FORWARDS,
        f"this machine routes {names_of([_family_name(each) for each in interface.forwards])}",
        "This machine works as a router (Docker and virtual machines switch that on), so it would "
        "pass on, a second time, what is meant for the players. Switch that off for this interface "
        f"as root: `sysctl -w {' '.join(f'{key}=0' for key in keys)}`. Containers that publish "
        "their ports on this machine may need it, so look at them afterwards.",
        sysctls=keys,
    )


def _family_name(family: str) -> str:
    return {"ipv4": "IPv4", "ipv6": "IPv6"}.get(family, family)


def _as_key(name: str) -> str:
    """Write an interface's name in a sysctl key, where dots and slashes change places."""
    return name.translate(str.maketrans("./", "/."))
