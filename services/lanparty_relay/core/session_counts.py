"""What became of the connections that completed a handshake, for the operator.

handshakes = admitted + sum(rejected) + abandoned + those not yet decided
admitted   = sum(ended) + members now
"""

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass

from lanparty_obs.codes import SessionEnd
from lanparty_relay.core.events import SessionFault

__all__ = ["SessionCounts", "SessionTally"]


@dataclass(frozen=True, slots=True, kw_only=True)
class SessionCounts:
    """A copy of the counts at one moment; what never happened is absent from the mappings."""

    handshakes: int
    admitted: int
    resumed: int
    """Those of the admitted that took over their own earlier session."""
    abandoned: int
    """Closed by the peer, or lost, before a decision."""
    rejected: Mapping[SessionEnd, int]
    ended: Mapping[SessionEnd, int]
    faults: Mapping[SessionFault, int]


class SessionTally:
    """Counts while the relay runs."""

    def __init__(self) -> None:
        self.handshakes = 0
        self.admitted = 0
        self.resumed = 0
        self.abandoned = 0
        self.rejected: Counter[SessionEnd] = Counter()
        self.ended: Counter[SessionEnd] = Counter()
        self.faults: Counter[SessionFault] = Counter()

    def counts(self) -> SessionCounts:
        """Copy the counts."""
        return SessionCounts(
            handshakes=self.handshakes,
            admitted=self.admitted,
            resumed=self.resumed,
            abandoned=self.abandoned,
            rejected=dict(self.rejected),
            ended=dict(self.ended),
            faults=dict(self.faults),
        )
