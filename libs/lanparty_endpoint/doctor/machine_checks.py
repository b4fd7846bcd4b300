"""Judges what this machine gives softlan: a TAP device, the right to use it, and the routes."""

from lanparty_endpoint.doctor.facts import MachineFacts, SessionFacts
from lanparty_endpoint.doctor.results import Check, CheckResult, Outcome

__all__ = ["judge_device", "judge_permission", "judge_routes"]


def judge_device(machine: MachineFacts, session: SessionFacts | None) -> CheckResult:
    """Judge whether there is a TAP device."""
    if session is not None:
        return CheckResult(
            check=Check.DEVICE, outcome=Outcome.OK, figure=f"{session.interface} is up"
        )
    if machine.has_device:
        return CheckResult(check=Check.DEVICE, outcome=Outcome.OK, figure="there is one")
    return CheckResult(
        check=Check.DEVICE,
        outcome=Outcome.FAILED,
        figure="missing",
        advice="This system has no TAP device. Run `modprobe tun` as root; in a container, start "
        "it with --device /dev/net/tun.",
    )


def judge_permission(machine: MachineFacts, session: SessionFacts | None) -> CheckResult:
    """Judge whether this user may join."""
    details: dict[str, object] = {
        "may_administer": machine.may_administer,
        "service_answers": machine.service_answers,
    }
    for holds, figure in (
        (session is not None, "a session runs"),
        (machine.may_administer, "this user may make network interfaces"),
        (machine.service_answers, "through the service"),
    ):
        if holds:
            return CheckResult(
                check=Check.PERMISSION, outcome=Outcome.OK, figure=figure, details=details
            )
    return CheckResult(
        check=Check.PERMISSION,
        outcome=Outcome.FAILED,
        figure="this user may not make network interfaces",
        advice="Run `lanparty-client setup` as root once: then every user that you allow may "
        "join. Or run softlan as root.",
        details=details,
    )


def judge_routes(machine: MachineFacts, session: SessionFacts | None) -> CheckResult:
    """Judge whether the broadcasts and multicasts of games leave into the room."""
    check = Check.ROUTES
    if session is None:
        return CheckResult(check=check, outcome=Outcome.SKIPPED, figure="no session runs")
    ways = {
        "255.255.255.255": machine.broadcast_goes_by,
        "224.0.0.0/4": machine.multicast_goes_by,
    }
    astray = {to: way for to, way in ways.items() if way != session.interface}
    details: dict[str, object] = {"goes_by": ways, "wanted": session.discovery_routes}
    if not astray:
        return CheckResult(
            check=check,
            outcome=Outcome.OK,
            figure=f"broadcast and multicast leave by {session.interface}",
            details=details,
        )
    figure = "; ".join(
        f"{to} leaves by {way}" if way else f"{to} has no way" for to, way in astray.items()
    )
    if not session.discovery_routes:
        return CheckResult(
            check=check,
            outcome=Outcome.WARNING,
            figure=figure,
            advice="Games that look for others on the local network don't find the room. That is "
            "what --no-discovery-routes asks for.",
            details=details,
        )
    return CheckResult(
        check=check,
        outcome=Outcome.FAILED,
        figure=figure,
        advice="Games look for others on the wrong network. Another program changed the routes, "
        "most often another VPN: stop it, then leave the room and join again.",
        details=details,
    )
