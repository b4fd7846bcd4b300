"""All that the doctor found, as a table for a person and as one object for a program."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from textwrap import wrap
from typing import Final

from lanparty_endpoint.doctor.results import Check, CheckResult, Outcome, worst
from lanparty_endpoint.doctor.visibility import FriendSight

__all__ = ["Line", "Report", "lines_of", "summary"]

_MARKS: Final = {
    Outcome.OK: "ok",
    Outcome.WARNING: "warn",
    Outcome.FAILED: "FAIL",
    Outcome.SKIPPED: "-",
}
_LABEL_WIDTH: Final = 20
_ARROW: Final = " " * 8 + "-> "
_NARROWEST: Final = 40


@dataclass(frozen=True, slots=True)
class Line:
    """One line of the table, and what it is about, for whoever colours it."""

    text: str
    outcome: Outcome
    """That of the check that the line belongs to."""
    is_advice: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Report:
    """The results in the order of the checks, and the friends of the last one."""

    relay: str
    interface: str | None
    results: Sequence[CheckResult]
    friends: Sequence[FriendSight] = ()

    @property
    def outcome(self) -> Outcome:
        """The worst of all."""
        return worst(result.outcome for result in self.results)

    def to_dict(self, *, version: str) -> dict[str, object]:
        """Return plain values for JSON; `version` is softlan's own."""
        return {
            "version": version,
            "relay": self.relay,
            "interface": self.interface,
            "outcome": self.outcome.value,
            "checks": [result.to_dict() for result in self.results],
            "friends": [friend.to_dict() for friend in self.friends],
        }


def lines_of(
    result: CheckResult, friends: Iterable[FriendSight] = (), *, width: int | None = None
) -> list[Line]:
    """Return a check's line, a line for each friend, and what to do, in `width` columns if given.

    `friends` belong to the last check alone.
    """
    outcome = result.outcome
    mark = _MARKS[outcome]
    lines = [Line(f"{mark:>6}  {result.check.label:<{_LABEL_WIDTH}}{result.figure}", outcome)]
    if result.check is Check.SEEN_BY:
        lines += _friend_lines(list(friends))
    if result.advice:
        lines += [Line(text, outcome, is_advice=True) for text in _advice(result.advice, width)]
    return lines


def _friend_lines(friends: list[FriendSight]) -> list[Line]:
    longest = max((len(sight.friend.name) for sight in friends), default=0)
    column = max(_LABEL_WIDTH - 4, longest + 2)
    return [
        Line(
            f"{_MARKS[sight.outcome]:>10}  {sight.friend.name:<{column}}{sight.figure}",
            sight.outcome,
        )
        for sight in friends
    ]


def _advice(advice: str, width: int | None) -> list[str]:
    if width is None:
        return [_ARROW + advice]
    return wrap(
        advice,
        max(width, _NARROWEST),
        initial_indent=_ARROW,
        subsequent_indent=" " * len(_ARROW),
        break_on_hyphens=False,
    )


def summary(results: Iterable[CheckResult]) -> str:
    """Say in one sentence how it went."""
    outcomes = [result.outcome for result in results]
    failed, warned = outcomes.count(Outcome.FAILED), outcomes.count(Outcome.WARNING)
    if failed:
        return f"{failed} of {len(outcomes)} checks failed. Begin with the first one's arrow."
    if warned:
        return f"Nothing failed; {warned} thing{'s' * (warned != 1)} may be worth a look."
    if Outcome.SKIPPED in outcomes:
        return "All that could be looked at is fine."
    return "All is fine."
