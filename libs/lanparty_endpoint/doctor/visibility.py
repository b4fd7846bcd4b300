"""Judges who is seen: broadcasts that come in here, and this machine's at each friend's."""

from dataclasses import dataclass
from typing import Final

from lanparty_client_core import SessionState
from lanparty_ctrl import Role
from lanparty_endpoint.doctor.facts import FriendFacts, SeenByFacts, SeenFacts, SessionFacts
from lanparty_endpoint.doctor.results import Check, CheckResult, Outcome, worst
from lanparty_endpoint.doctor.session_checks import NO_SESSION
from lanparty_endpoint.doctor.wording import milliseconds, names_of
from lanparty_ethernet import PROBE_UDP_PORT, Hearing

__all__ = ["FriendSight", "judge_own_firewall", "judge_seen_by", "sights"]

_ALLOW: Final = (
    "allow incoming UDP on {interface} (for instance `sudo ufw allow in on {interface}`)"
)


def judge_own_firewall(session: SessionFacts | None) -> CheckResult:
    """Judge whether a broadcast from the room comes through to this machine's programs."""
    check = Check.OWN_FIREWALL
    if session is None:
        return CheckResult(check=check, outcome=Outcome.SKIPPED, figure=NO_SESSION)
    if session.hears_itself:
        figure = f"broadcasts come through {session.interface} to programs"
        return CheckResult(check=check, outcome=Outcome.OK, figure=figure)
    if session.hearing is Hearing.DEAF:
        return CheckResult(
            check=check,
            outcome=Outcome.WARNING,
            figure=f"UDP port {PROBE_UDP_PORT} is another program's",
            advice=f"Whether broadcasts come through can't be seen while another program uses UDP "
            f"port {PROBE_UDP_PORT}. Stop it, leave the room and join again.",
        )
    if session.hears_itself is None:
        return CheckResult(check=check, outcome=Outcome.SKIPPED, figure="it couldn't be tried")
    allow = _ALLOW.format(interface=session.interface)
    return CheckResult(
        check=check,
        outcome=Outcome.FAILED,
        figure=f"drops broadcasts that come in by {session.interface}",
        advice=f"This computer's firewall stops what comes from the room, so games here don't see "
        f"your friends: {allow}.",
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class FriendSight:
    """What one friend sees of this machine."""

    friend: FriendFacts
    outcome: Outcome
    figure: str
    advice: str = ""
    seen: SeenFacts | None = None

    def to_dict(self) -> dict[str, object]:
        """Return plain values for JSON."""
        seen = self.seen
        return {
            "peer_id": self.friend.peer_id,
            "name": self.friend.name,
            "outcome": self.outcome.value,
            "figure": self.figure,
            "softlan_seconds": seen and seen.frame_after,
            "program_seconds": seen and seen.datagram_after,
            "hearing": (seen.hearing if seen else Hearing.UNSAID).name.lower(),
        }


def sights(friends: tuple[FriendFacts, ...], answers: SeenByFacts) -> list[FriendSight]:
    """Say for each friend what saw the broadcasts, how fast, and what stopped them."""
    answered = {seen.peer_id: seen for seen in answers.seen}
    return [_sight(friend, answered.get(friend.peer_id)) for friend in friends]


def _sight(friend: FriendFacts, seen: SeenFacts | None) -> FriendSight:
    name = friend.name
    if seen is None or (seen.frame_after is None and seen.datagram_after is None):
        if friend.role is Role.GATEWAY:
            return FriendSight(friend=friend, outcome=Outcome.SKIPPED, figure="doesn't answer")
        return FriendSight(
            friend=friend,
            outcome=Outcome.FAILED,
            figure="didn't reach softlan, or the answer got lost",
            advice=f"Nothing comes back from {name}, whose connection may be down or whose softlan "
            f"too old. Ask {name} to run the doctor too.",
        )
    reached = "" if seen.frame_after is None else f"softlan in {milliseconds(seen.frame_after)}"
    if seen.datagram_after is not None:
        program = f"a program in {milliseconds(seen.datagram_after)}"
        figure = ", ".join(filter(None, [reached, program]))
        return FriendSight(friend=friend, outcome=Outcome.OK, figure=figure, seen=seen)
    if seen.hearing is Hearing.LISTENING:
        return FriendSight(
            friend=friend,
            outcome=Outcome.FAILED,
            figure=f"{reached}, but their firewall stops it",
            advice=f"{name}'s firewall drops broadcasts from the room: {name} has to "
            f"{_ALLOW.format(interface='lan0')}.",
            seen=seen,
        )
    if seen.hearing is Hearing.NO_HOST:
        figure = f"{reached}; no computer behind it"
        return FriendSight(friend=friend, outcome=Outcome.OK, figure=figure, seen=seen)
    if seen.hearing is Hearing.PAUSED:
        return FriendSight(
            friend=friend,
            outcome=Outcome.WARNING,
            figure=f"{reached}; it has stopped carrying its network's frames",
            advice=f"The gateway {name} is connected but has stopped, because it found a loop or a "
            "second gateway on its network. `lanparty-gateway status` there says which; it goes on "
            "by itself when that is mended. If your computer bridges this room to that network, "
            "take the room's interface out of the bridge.",
            seen=seen,
        )
    if seen.hearing is Hearing.DEAF:
        figure = f"{reached}; UDP port {PROBE_UDP_PORT} is another program's there"
    else:
        figure = f"{reached}; it doesn't say more"
    return FriendSight(friend=friend, outcome=Outcome.WARNING, figure=figure, seen=seen)


def judge_seen_by(session: SessionFacts | None, answers: SeenByFacts | None) -> CheckResult:
    """Judge whether the friends' machines see this one's broadcasts; `sights` is the table."""
    check = Check.SEEN_BY
    if session is None:
        return CheckResult(check=check, outcome=Outcome.SKIPPED, figure=NO_SESSION)
    if answers is None or session.state is not SessionState.JOINED:
        return CheckResult(check=check, outcome=Outcome.SKIPPED, figure="nobody could be asked")
    found = sights(session.friends, answers)
    details: dict[str, object] = {
        "asked": answers.asked,
        "source": str(answers.source),
        "friends": [sight.to_dict() for sight in found],
    }
    if not found:
        figure = "nobody else is in the room"
        return CheckResult(check=check, outcome=Outcome.SKIPPED, figure=figure, details=details)
    asked = [sight for sight in found if sight.outcome is not Outcome.SKIPPED]
    blind = [sight.friend.name for sight in asked if sight.outcome is Outcome.FAILED]
    figure = f"{len(asked) - len(blind)} of {len(asked)} see you"
    if blind:
        figure += f", not {names_of(blind)}"
    return CheckResult(
        check=check,
        outcome=worst(sight.outcome for sight in found),
        figure=figure,
        advice=" ".join(sight.advice for sight in found if sight.advice),
        details=details,
    )
