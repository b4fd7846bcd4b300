"""What the doctor looks at in a gateway beside the relay and the LAN. Pure."""

from collections.abc import Mapping, Sequence
from typing import Any

from lanparty_endpoint.doctor import CheckName, CheckResult, Outcome
from lanparty_gateway.preflight import PreflightCheck

__all__ = ["GatewayCheck", "judge_forwarding", "results_told"]


class GatewayCheck(CheckName):
    """Checks of a running gateway."""

    FORWARDING = "bridging", "forwarding"
    PACE = "pace", "reading the LAN"


_NOT_NOW = {
    "not_joined": "It isn't in the room at the moment: the checks above say why.",
    "link_down": "The interface has no link: look at its cable, and whether it is switched on.",
}


def judge_forwarding(status: Mapping[str, Any] | None) -> list[CheckResult]:
    """Judge a running gateway by its status; None: none runs. Any: JSON."""
    if status is None:
        return [
            CheckResult(check=check, outcome=Outcome.SKIPPED, figure="no gateway runs")
            for check in GatewayCheck
        ]
    return [_forwarding(status), _pace(status)]


def _forwarding(status: Mapping[str, Any]) -> CheckResult:
    forwarding, phase = status["forwarding"], status["forwarding"]["phase"]
    crossed = {way: status[way]["forwarded"] for way in ("lan_to_room", "room_to_lan")}
    figure = f"{crossed['lan_to_room']} frames to the room, {crossed['room_to_lan']} to the LAN"
    outcome, advice = Outcome.OK, ""
    if status["state"] == "waiting":
        figure = "waits as a standby"
    elif phase == "checking":
        outcome, figure = Outcome.WARNING, "still looking for loops: ask again in a few seconds"
    elif phase != "forwarding":
        outcome, figure = Outcome.FAILED, f"stopped: {forwarding['reason'] or phase}"
        advice = forwarding["sentence"] or _NOT_NOW.get(phase, "")
    return CheckResult(
        check=GatewayCheck.FORWARDING,
        outcome=outcome,
        figure=figure,
        advice=advice,
        details=dict(forwarding) | crossed,
    )


def _pace(status: Mapping[str, Any]) -> CheckResult:
    lost, read = (status["lan"]["port"][name] for name in ("kernel_drops", "frames_read"))
    fine = lost * 1_000 <= read
    return CheckResult(
        check=GatewayCheck.PACE,
        outcome=Outcome.OK if fine else Outcome.WARNING,
        figure=f"{lost} frames lost before they were read, {read} read",
        advice=""
        if fine
        else "The LAN sends faster than this computer can read: something on it floods, or the "
        "computer is busy with something else. `lanparty-gateway status` shows what is kept out.",
        details={"kernel_drops": lost, "frames_read": read},
    )


def results_told(checks: Sequence[Mapping[str, Any]]) -> list[CheckResult]:
    """Read what the preflight of a running gateway found, as its status tells it. Any: JSON."""
    return [
        CheckResult(
            check=PreflightCheck(told["check"]),  # type: ignore[call-arg]  # by its value
            outcome=Outcome(told["outcome"]),
            figure=told["figure"],
            advice=told["advice"],
            details=told["details"],
        )
        for told in checks
    ]
