"""Judges the quality of the way to the relay: packet size, delay, jitter and loss."""

from itertools import pairwise
from statistics import fmean, median
from typing import Final

from lanparty_endpoint.doctor.facts import PathFacts, SessionFacts
from lanparty_endpoint.doctor.results import Check, CheckResult, Outcome
from lanparty_endpoint.doctor.wording import milliseconds
from lanparty_proto import HEADER_LENGTH, TAGGED_HEADER_LENGTH

__all__ = ["judge_mtu", "judge_quality"]

_SMALL_PACKET: Final = 1_252
"""Bytes of UDP payload under which something narrows the way: IPv4 carries this over 1,280."""

_MUCH_LOSS: Final = 0.1
_SOME_LOSS: Final = 0.02
_LONG_DELAY: Final = 0.15
"""Seconds to the relay and back from which games feel it."""
_MUCH_JITTER: Final = 0.03


def judge_mtu(path: PathFacts, session: SessionFacts | None) -> CheckResult:
    """Judge how large packets the way carries, and what that means for a full frame."""
    check = Check.MTU
    largest = path.largest_packet
    if largest is None:
        return CheckResult(check=check, outcome=Outcome.SKIPPED, figure="no packet passes")
    details: dict[str, object] = {
        "largest_packet": largest,
        "sizes_tried": list(path.sizes_tried),
        "packet_size": session and session.packet_size,
        "send_budget": session and session.send_budget,
        "room_mtu": session and session.room_mtu,
    }
    figure = f"{largest:,} bytes get through"
    if session is not None and session.room_mtu is not None and session.send_budget is not None:
        full = session.room_mtu + TAGGED_HEADER_LENGTH + HEADER_LENGTH
        whole = session.send_budget >= full
        figure += ", full frames go " + ("whole" if whole else "in two pieces")
    if session is not None and session.packet_size is not None:
        figure += f", you limited them to {session.packet_size:,}"
    if largest < _SMALL_PACKET:
        return CheckResult(
            check=check,
            outcome=Outcome.WARNING,
            figure=figure,
            advice="The way to the relay carries only small packets, which makes large transfers "
            "slower. Another VPN on the way is the usual cause: switch it off if you can.",
            details=details,
        )
    return CheckResult(check=check, outcome=Outcome.OK, figure=figure, details=details)


def judge_quality(path: PathFacts, session: SessionFacts | None) -> CheckResult:
    """Judge delay, jitter (mean difference between neighbours) and loss to the relay."""
    check = Check.QUALITY
    times = path.round_trips
    if not times:
        return CheckResult(check=check, outcome=Outcome.SKIPPED, figure="no packet passes")
    loss = (path.sent - len(times)) / path.sent
    jitter = fmean([abs(later - earlier) for earlier, later in pairwise(times)] or [0.0])
    middle = median(times)
    figure = (
        f"{milliseconds(middle)}, jitter {milliseconds(jitter)}, {loss:.0%} of {path.sent} lost"
    )
    details: dict[str, object] = {
        "round_trip": {"least": min(times), "median": middle, "most": max(times)},
        "jitter": jitter,
        "loss": loss,
        "sent": path.sent,
        "relay_round_trip": session and session.relay_round_trip,
        "packets_lost": session and session.packets_lost,
    }
    advice, outcome = "", Outcome.OK
    if loss >= _SOME_LOSS:
        outcome = Outcome.FAILED if loss >= _MUCH_LOSS else Outcome.WARNING
        advice = (
            "Packets get lost on the way. Use a cable instead of Wi-Fi, and stop large downloads "
            "and uploads."
        )
    elif jitter >= _MUCH_JITTER:
        outcome = Outcome.WARNING
        advice = (
            "The delay changes a lot, as it does on a busy line or weak Wi-Fi. Use a cable, and "
            "stop large downloads and uploads."
        )
    elif middle >= _LONG_DELAY:
        outcome = Outcome.WARNING
        advice = "The relay is far away. A relay nearer to you and your friends plays better."
    return CheckResult(check=check, outcome=outcome, figure=figure, advice=advice, details=details)
