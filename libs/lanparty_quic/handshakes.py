"""The accepted handshakes that are not complete: how many there may be, and whose have to go.

    packet that opens a connection
      -> judge     may it begin, must it prove its address first, or is there no room?
      -> begin     it was genuine; returns the handshake that has to give way, if one must
      -> complete, fail or drop, once

A handshake that waits costs 65 KB, and whoever began it may never answer. Of those that must give
way the unproven go first, because their addresses may be forged, then the oldest: an honest client
needs a round trip, so what has waited for long is the likeliest to be nobody's. One that is young
and proven is not displaced, or a crowd that comes at once would only push each other out.
"""

from collections import Counter
from dataclasses import dataclass
from enum import Enum, auto
from typing import Final

from lanparty_obs.reasons import HandshakeFailure
from lanparty_quic.address_proof import AddressProof
from lanparty_quic.endpoint import ConnectionKey, HandshakeStatistics
from lanparty_quic.limits import EndpointLimits
from lanparty_quic.sources import Source

__all__ = ["Handshakes", "Judgement"]

_YOUNG: Final = 2.0
"""Seconds in which a handshake over the slowest of paths is done, unless packets are lost."""


class Judgement(Enum):
    """What becomes of a packet that would open a connection."""

    BEGIN = auto()
    PROVE_ADDRESS = auto()
    REFUSE = auto()


@dataclass(frozen=True, slots=True)
class _Pending:
    source: Source
    is_proven: bool
    began_at: float


class Handshakes:
    """Bounds them in all and for each source, and counts how they end."""

    def __init__(self, limits: EndpointLimits, *, always_prove: bool = False) -> None:
        self._limits: Final = limits
        self._proof: Final = AddressProof(limits, always=always_prove)
        self._pending: dict[ConnectionKey, _Pending] = {}
        """The oldest first, as in the two below."""
        self._unproven: dict[ConnectionKey, None] = {}
        self._by_source: dict[Source, dict[ConnectionKey, None]] = {}
        self._completed = 0
        self._failed: Counter[HandshakeFailure] = Counter()

    def __len__(self) -> int:
        """Count those that wait."""
        return len(self._pending)

    def __contains__(self, connection: ConnectionKey) -> bool:
        """Tell whether a connection is one of those that wait."""
        return connection in self._pending

    def judge(self, source: Source, *, is_proven: bool, now: float) -> Judgement:
        """Judge a packet that would open a connection; one without proof is counted."""
        if not is_proven:
            self._proof.note_unproven(now=now)
        proof_is_wanted = self._proof.is_wanted(handshakes=len(self._pending), now=now)
        of_source = len(self._by_source.get(source, ()))
        if not is_proven and (
            proof_is_wanted or of_source >= self._limits.handshakes_per_source_without_retry
        ):
            return Judgement.PROVE_ADDRESS
        key = self._to_displace(source)
        if key is None:
            return Judgement.BEGIN
        pending = self._pending[key]
        is_safe = pending.is_proven and now - pending.began_at < _YOUNG
        return Judgement.REFUSE if is_safe else Judgement.BEGIN

    def begin(
        self, connection: ConnectionKey, source: Source, *, is_proven: bool, now: float
    ) -> ConnectionKey | None:
        """Add a handshake and return the one that gives way to it, which counts as failed already.

        None if none must.
        """
        displaced = self._to_displace(source)
        if displaced is not None:
            self.fail(displaced, HandshakeFailure.DISPLACED)
        self._pending[connection] = _Pending(source, is_proven, now)
        self._by_source.setdefault(source, {})[connection] = None
        if not is_proven:
            self._unproven[connection] = None
        return displaced

    def complete(self, connection: ConnectionKey) -> None:
        """Note that a handshake is done; harmless for a connection that is none of these."""
        if self._remove(connection):
            self._completed += 1

    def fail(self, connection: ConnectionKey, failure: HandshakeFailure) -> None:
        """Note that a handshake came to nothing; harmless for one that is none of these."""
        if self._remove(connection):
            self._failed[failure] += 1

    def statistics(self, *, now: float) -> HandshakeStatistics:
        """Look at them."""
        return HandshakeStatistics(
            pending=len(self._pending),
            unproven=len(self._unproven),
            completed=self._completed,
            failed={failure: self._failed[failure] for failure in HandshakeFailure},
            retry=self._proof.is_wanted(handshakes=len(self._pending), now=now),
        )

    def _to_displace(self, source: Source) -> ConnectionKey | None:
        """Name the one whose going makes room for one more of a source; None if there is room."""
        of_source = self._by_source.get(source, {})
        if len(of_source) >= self._limits.handshakes_per_source:
            unproven = (key for key in of_source if key in self._unproven)
            return next(unproven, None) or next(iter(of_source))
        if len(self._pending) >= self._limits.maximum_handshakes:
            return next(iter(self._unproven), None) or next(iter(self._pending))
        return None

    def _remove(self, connection: ConnectionKey) -> bool:
        pending = self._pending.pop(connection, None)
        if pending is None:
            return False
        self._unproven.pop(connection, None)
        of_source = self._by_source[pending.source]
        del of_source[connection]
        if not of_source:
            del self._by_source[pending.source]
        return True
