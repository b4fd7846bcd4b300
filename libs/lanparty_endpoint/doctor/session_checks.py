"""Judges a running session: is it in the room, and do its addresses get along with the rest."""

from ipaddress import IPv4Interface
from typing import Final

from lanparty_client_core import SessionState
from lanparty_ctrl import Role
from lanparty_endpoint.doctor.facts import InterfaceFacts, MachineFacts, SessionFacts
from lanparty_endpoint.doctor.results import Check, CheckResult, Outcome

__all__ = ["NO_SESSION", "judge_address", "judge_mac", "judge_own_lan", "judge_room"]

NO_SESSION: Final = "no session runs"


def judge_room(session: SessionFacts | None) -> CheckResult:
    """Judge whether the session is in its room."""
    check = Check.ROOM
    if session is None:
        return CheckResult(
            check=check,
            outcome=Outcome.SKIPPED,
            figure=NO_SESSION,
            advice="Join the room and run the doctor again while you are in it: the checks of the "
            "room, its addresses and your friends need a running session.",
        )
    details: dict[str, object] = {"state": session.state.value, "friends": len(session.friends)}
    if session.state is SessionState.JOINED:
        others = len(session.friends)
        figure = f"joined, with {others} other{'s' * (others != 1)}"
        return CheckResult(check=check, outcome=Outcome.OK, figure=figure, details=details)
    if session.state is SessionState.WAITING:
        return CheckResult(
            check=check, outcome=Outcome.OK, figure="waits as a standby", details=details
        )
    return CheckResult(
        check=check,
        outcome=Outcome.FAILED,
        figure=session.state.value,
        advice=session.sentence,
        details=details,
    )


def judge_mac(machine: MachineFacts, session: SessionFacts | None) -> CheckResult:
    """Judge whether the MAC address is nobody else's, here or in the room."""
    check = Check.MAC
    if session is None:
        return CheckResult(check=check, outcome=Outcome.SKIPPED, figure=NO_SESSION)
    mine = session.mac.lower()
    here = [each.name for each in machine.interfaces if each.mac.lower() == mine]
    there = [each.name for each in session.friends if (each.mac or "").lower() == mine]
    details: dict[str, object] = {"mac": mine, "also_here": here, "also_there": there}
    if not here and not there:
        return CheckResult(
            check=check, outcome=Outcome.OK, figure=f"{mine}, nobody else's", details=details
        )
    if here:
        figure = f"{here[0]} has {mine} too"
        advice = (
            f"Two network interfaces of this computer, {session.interface} and {here[0]}, have the "
            "same MAC address. Give the other one its own back."
        )
    else:
        figure = f"{there[0]} has {mine} too"
        advice = (
            f"{there[0]} uses the same MAC address, as a copied installation does. One of you has "
            "to delete softlan's state directory, leave and join again."
        )
    return CheckResult(
        check=check, outcome=Outcome.FAILED, figure=figure, advice=advice, details=details
    )


def judge_address(machine: MachineFacts, session: SessionFacts | None) -> CheckResult:
    """Judge whether there is an IP address whose network is nowhere else."""
    check = Check.ADDRESS
    if session is None:
        return CheckResult(check=check, outcome=Outcome.SKIPPED, figure=NO_SESSION)
    collisions = [
        (address, other)
        for address in session.addresses
        for other in machine.interfaces
        if any(address.network.overlaps(network) for network in other.networks)
    ]
    details: dict[str, object] = {
        "addresses": [str(address) for address in session.addresses],
        "collides_with": [other.name for _, other in collisions],
        "notices": list(session.notices),
    }
    outcome, figure, advice = _address_verdict(session, collisions)
    return CheckResult(check=check, outcome=outcome, figure=figure, advice=advice, details=details)


def _address_verdict(
    session: SessionFacts, collisions: list[tuple[IPv4Interface, InterfaceFacts]]
) -> tuple[Outcome, str, str]:
    figure = ", ".join(str(address) for address in session.addresses) or "none"
    if collisions:
        address, other = collisions[0]
        advice = (
            f"The network {address.network} is {other.name}'s too, so programs can't tell where "
            "to send. Leave the room and join again for another address, or disconnect from "
            f"{other.name}'s network."
        )
        return Outcome.FAILED, f"{figure} collides with {other.name}", advice
    if not session.addresses:
        if not session.wants_address:
            return Outcome.WARNING, "none, as you asked", "Give the interface an address yourself."
        advice = "Wait a moment. If none comes, leave the room and join again."
        return Outcome.FAILED, figure, " ".join([*session.notices, advice])
    if session.notices and not session.own_lan:  # else that is the cause, and has its own check
        return Outcome.WARNING, figure, " ".join(session.notices)
    if all(address.ip.is_link_local for address in session.addresses):
        advice = "The relay leases no addresses, so this computer took one. Friends must do so too."
        return Outcome.WARNING, figure, advice
    return Outcome.OK, figure, ""


def judge_own_lan(session: SessionFacts | None) -> CheckResult:
    """Judge whether this machine is on the network that the room's gateway bridges."""
    check = Check.OWN_LAN
    if session is None:
        return CheckResult(check=check, outcome=Outcome.SKIPPED, figure=NO_SESSION)
    has_gateway = any(friend.role is Role.GATEWAY for friend in session.friends)
    details: dict[str, object] = {"has_gateway": has_gateway, "own_lan": session.own_lan}
    if session.own_lan:
        return CheckResult(
            check=check,
            outcome=Outcome.FAILED,
            figure="this computer is on it already",
            advice="This computer is on the local network that the room's gateway bridges, so "
            "everything arrives twice. Leave the room: here you are on that network without "
            "softlan.",
            details=details,
        )
    if not has_gateway:
        figure, outcome = "the room has no gateway", Outcome.OK
    elif session.own_lan is None:
        figure, outcome = "it couldn't be told from this computer's own", Outcome.WARNING
    else:
        figure, outcome = "not this computer's own", Outcome.OK
    return CheckResult(check=check, outcome=outcome, figure=figure, details=details)
