"""Judges the way to the relay: does UDP pass, does QUIC, and is it the right one."""

from statistics import median
from typing import Final

from lanparty_endpoint.doctor.facts import Obstacle, PathFacts, ReachFacts
from lanparty_endpoint.doctor.results import Check, CheckResult, Outcome
from lanparty_endpoint.doctor.wording import milliseconds
from lanparty_obs.codes import SessionEnd, sentence

__all__ = ["judge_handshake", "judge_identity", "judge_udp"]

_WRONG_IDENTITY: Final = (SessionEnd.PIN, SessionEnd.CERTIFICATE)

_OBSTACLES: Final = {
    Obstacle.NAME: (
        "the name has no address",
        "No relay is called {host}. Check the name for a typing mistake, and that you are online.",
    ),
    Obstacle.NO_ROUTE: (
        "no way there",
        "This computer knows no way to {host}. Check that it is online.",
    ),
    Obstacle.FORBIDDEN: (
        "forbidden on this computer",
        "This computer's own firewall refuses to send UDP to {host}, port {port}. Allow it there.",
    ),
    Obstacle.REFUSED: (
        "refused",
        (
            "{host} answers, but nothing listens on UDP port {port}. Check the port; if it is "
            "right, the relay is stopped: ask its operator."
        ),
    ),
    Obstacle.UNREACHABLE: (
        "turned back on the way",
        (
            "A router on the way to {host} turns UDP to port {port} back. Try another network, "
            "such as a phone's; if it works there, this network's operator forbids it."
        ),
    ),
    Obstacle.SILENT: (
        "no answer",
        (
            "Nothing came back from UDP port {port} of {host}. Either this network blocks UDP, or "
            "the relay is off. Try another network, such as a phone's, to tell which."
        ),
    ),
}


def judge_udp(path: PathFacts, *, host: str, port: int) -> CheckResult:
    """Judge whether UDP to the relay passes; `host` and `port` as the player gave them."""
    details: dict[str, object] = {
        "address": None if path.address is None else path.address[0],
        "port": port,
        "sent": path.sent,
        "answered": len(path.round_trips),
        "obstacle": None if path.obstacle is None else path.obstacle.value,
    }
    if path.round_trips:
        figure = f"passes, {milliseconds(median(path.round_trips))} there and back"
        return CheckResult(check=Check.UDP, outcome=Outcome.OK, figure=figure, details=details)
    figure, advice = _OBSTACLES[path.obstacle or Obstacle.SILENT]
    return CheckResult(
        check=Check.UDP,
        outcome=Outcome.FAILED,
        figure=figure,
        advice=advice.format(host=host, port=port),
        details=details,
    )


def judge_handshake(reach: ReachFacts | None) -> CheckResult:
    """Judge the QUIC handshake; None: it wasn't tried, because no packet passes."""
    check = Check.HANDSHAKE
    if reach is None:
        return CheckResult(check=check, outcome=Outcome.SKIPPED, figure="no packet passes")
    if reach.seconds is not None:
        return CheckResult(
            check=check,
            outcome=Outcome.OK,
            figure=f"done in {milliseconds(reach.seconds)}",
            details={"seconds": reach.seconds},
        )
    details: dict[str, object] = {"end": reach.end, "text": reach.text}
    if reach.end in _WRONG_IDENTITY:
        return CheckResult(
            check=check, outcome=Outcome.OK, figure="done, but see the next", details=details
        )
    if reach.end is SessionEnd.RELAY_UNREACHABLE or reach.end is None:
        advice = (
            "Packets to the relay pass, but no connection comes about. What answers there may be "
            "no softlan relay, or this network interferes with QUIC: check the address, then try "
            "another network."
        )
    else:
        advice = sentence(reach.end)
    return CheckResult(
        check=check, outcome=Outcome.FAILED, figure="failed", advice=advice, details=details
    )


def judge_identity(reach: ReachFacts | None) -> CheckResult:
    """Judge whether the relay proved to be the one that was asked for."""
    check = Check.IDENTITY
    way = "pin" if reach is not None and reach.by_pin else "certificate"
    if reach is not None and reach.seconds is not None:
        return CheckResult(
            check=check, outcome=Outcome.OK, figure=f"the {way} fits", details={"way": way}
        )
    if reach is None or reach.end not in _WRONG_IDENTITY or reach.end is None:
        return CheckResult(check=check, outcome=Outcome.SKIPPED, figure="the relay wasn't asked")
    return CheckResult(
        check=check,
        outcome=Outcome.FAILED,
        figure=f"the {way} doesn't fit",
        advice=sentence(reach.end),
        details={"way": way, "text": reach.text},
    )
