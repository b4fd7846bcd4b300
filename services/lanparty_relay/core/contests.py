"""Newcomers who wait for a place that another session holds, while that one is being asked.

A place is a client's MAC or the gateway's. A session whose peer lost its network looks alive until
its idle timeout; nobody should wait half a minute for their own dead session, and nobody should
lose a living one. So the holder gets a ping and has `PROBE_SECONDS` for the answer.
"""

from collections.abc import Iterable
from dataclasses import dataclass

from lanparty_obs.codes import SessionEnd
from lanparty_quic.endpoint import ConnectionKey
from lanparty_relay.core.deadlines import Deadlines
from lanparty_relay.core.limits import PROBE_SECONDS
from lanparty_relay.core.members import Member

__all__ = ["Contest", "Contests"]


@dataclass(frozen=True, slots=True)
class Contest:
    """One newcomer's claim to one holder's place."""

    newcomer: ConnectionKey
    holder: Member
    nonce: int
    """Of the ping that asks the holder."""
    code: SessionEnd
    """Why the newcomer is refused if the holder answers."""


class Contests:
    """The contests that are undecided. Each is taken out by exactly one of the four verbs."""

    def __init__(self) -> None:
        self._by_newcomer: dict[ConnectionKey, Contest] = {}
        self._deadlines: Deadlines[ConnectionKey] = Deadlines(PROBE_SECONDS)

    def __len__(self) -> int:
        return len(self._by_newcomer)

    def open(self, contest: Contest, *, now: float) -> None:
        """Begin to wait. A newcomer has at most one contest."""
        self._by_newcomer[contest.newcomer] = contest
        self._deadlines.set(contest.newcomer, now=now)

    def take_answered(self, holder: Member, nonce: int) -> list[Contest]:
        """Take those that the holder's pong decides against the newcomer."""
        return self._take(
            contest
            for contest in self._by_newcomer.values()
            if contest.holder is holder and contest.nonce == nonce
        )

    def take_vacated(self, holder: Member) -> list[Contest]:
        """Take those whose holder left."""
        return self._take(c for c in self._by_newcomer.values() if c.holder is holder)

    def take_due(self, *, now: float) -> list[Contest]:
        """Take those whose holder stayed silent for too long, the longest waiting first."""
        return [self._by_newcomer.pop(key) for key in self._deadlines.take_due(now=now)]

    def withdraw(self, newcomer: ConnectionKey) -> None:
        """Forget a newcomer who went, if it had a contest."""
        self._by_newcomer.pop(newcomer, None)
        self._deadlines.clear(newcomer)

    def next_deadline(self) -> float | None:
        """When `take_due` has something."""
        return self._deadlines.next_deadline()

    def _take(self, contests: Iterable[Contest]) -> list[Contest]:
        taken = list(contests)
        for contest in taken:
            self.withdraw(contest.newcomer)
        return taken
