"""Judges this machine's clock: certificates are only valid between two dates."""

from datetime import UTC, datetime
from typing import Final

from lanparty_endpoint.doctor.facts import ClockFacts, ReachFacts
from lanparty_endpoint.doctor.results import Check, CheckResult, Outcome
from lanparty_obs.codes import SessionEnd

__all__ = ["judge_clock"]

_TOLERANCE: Final = 86_400.0
"""Seconds: time zones that were taken for local time make up to 14 hours."""

_DATE_WORDS: Final = ("expired", "not valid", "not yet valid")
"""What the engine says of a certificate whose dates don't fit the clock."""


def judge_clock(clock: ClockFacts, reach: ReachFacts | None) -> CheckResult:
    """Judge the clock; `reach` is None if no handshake was tried.

    It can't have been before softlan was installed here; and a certificate that is out of date by
    this clock may be so because of the clock. Where the relay is known by its pin, no date counts.
    """
    by_pin = reach is not None and reach.by_pin
    figure = datetime.fromtimestamp(clock.now, UTC).strftime("%Y-%m-%d %H:%M UTC")
    details: dict[str, object] = {"clock": clock.now, "by_pin": by_pin}
    advice = ""
    outcome = Outcome.OK
    if clock.now < clock.installed_at - _TOLERANCE:
        outcome = Outcome.WARNING if by_pin else Outcome.FAILED
        advice = (
            "This computer's clock is behind: softlan was installed later than it says. "
            "Set date and time, best by switching on their automatic setting."
        )
    elif reach is not None and _is_out_of_date(reach):
        outcome = Outcome.WARNING
        advice = (
            "By this clock the relay's certificate is out of date. Check date and time here; if "
            "they are right, the relay's operator has to renew the certificate."
        )
    return CheckResult(
        check=Check.CLOCK, outcome=outcome, figure=figure, advice=advice, details=details
    )


def _is_out_of_date(reach: ReachFacts) -> bool:
    text = reach.text.lower()
    return reach.end is SessionEnd.CERTIFICATE and any(words in text for words in _DATE_WORDS)
