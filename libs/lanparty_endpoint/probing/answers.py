"""The answering half: every endpoint of a room says what it sees of the others' probes.

A question costs its asker at least as many bytes as its answer has, an answer goes only to the peer
that asked, as unicast, and nobody is answered more often than `ECHO_ANSWERS_PER_SECOND` or
`SEEN_ANSWERS_PER_SECOND`.
"""

from collections import Counter
from dataclasses import dataclass
from enum import StrEnum
from typing import Final

from lanparty_endpoint.probing.limits import AnswerLimit
from lanparty_ethernet import SMALLEST_PROBE_FRAME, Hearing, PacketError, Probe, ProbeKind
from lanparty_proto import BROADCAST, MacAddress

__all__ = [
    "ECHO_ANSWERS_PER_SECOND",
    "SEEN_ANSWERS_PER_SECOND",
    "AnswerCount",
    "ProbeAnswers",
    "Question",
]

ECHO_ANSWERS_PER_SECOND: Final = 20
"""To one peer; `ping` asks once a second and the doctor ten times."""

SEEN_ANSWERS_PER_SECOND: Final = 2
"""To one peer: the two halves of the answer to one question."""

_MEMORY: Final = 2.0
"""Seconds for which a question's two halves, frame and datagram, may lie apart."""

_MEMORY_LIMIT: Final = 64
"""Questions, and datagrams without one, that are remembered at a time."""


class AnswerCount(StrEnum):
    """What became of a probe that asks."""

    ANSWERED = "answered"
    LIMITED = "limited"
    """Its sender asks too often."""
    UNFIT = "unfit"
    """From or to an address that such a probe can't have, or shorter than a probe."""
    UNEXPECTED = "unexpected"
    """Something on the ordinary socket that belongs to no question."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Question:
    """A probe that asks, as it came from the room."""

    probe: Probe
    source: int
    """Peer id."""
    sender: MacAddress
    destination: MacAddress
    size: int
    """Bytes of its frame."""


@dataclass(slots=True)
class _Asked:
    source: int
    sender: MacAddress
    at: float


class ProbeAnswers:
    """Questions in, frames that answer them out; nothing that arrives makes it raise."""

    def __init__(self, mac: MacAddress) -> None:
        self._mac = mac
        self._echo_limit = AnswerLimit(per_second=ECHO_ANSWERS_PER_SECOND)
        self._seen_limit = AnswerLimit(per_second=SEEN_ANSWERS_PER_SECOND)
        self._asked: dict[int, _Asked] = {}
        """Questions whose datagram hasn't come through, by nonce, oldest first."""
        self._early: dict[int, float] = {}
        """When datagrams came through whose question hasn't, by nonce, oldest first."""
        self.counts: Counter[AnswerCount] = Counter()

    def answer(
        self, question: Question, *, hearing: Hearing, relay_round_trip: float | None, now: float
    ) -> list[bytes]:
        """Return the frames that answer an `ECHO_REQUEST` or `SEEN_BY`."""
        is_echo = question.probe.kind is ProbeKind.ECHO_REQUEST
        expected = self._mac if is_echo else BROADCAST
        # A shorter one would be smaller than its answer.
        if question.destination != expected or question.size < SMALLEST_PROBE_FRAME:
            self.counts[AnswerCount.UNFIT] += 1
            return []
        if is_echo:
            if not self._allows(self._echo_limit, question.source, now=now):
                return []
            reply = Probe(
                kind=ProbeKind.ECHO_REPLY,
                nonce=question.probe.nonce,
                relay_round_trip=relay_round_trip,
            )
            return [reply.frame(question.sender, self._mac, size=question.size)]
        if not self._allows(self._seen_limit, question.source, now=now):
            return []
        return self._answer_seen_by(
            question, hearing=hearing, relay_round_trip=relay_round_trip, now=now
        )

    def receive_datagram(self, payload: bytes, *, now: float) -> list[bytes]:
        """Take what an ordinary socket heard; return the frames that say so to who asked."""
        try:
            probe = Probe.parse(payload)
        except PacketError:
            self.counts[AnswerCount.UNEXPECTED] += 1
            return []
        if probe.kind is not ProbeKind.SEEN_BY:
            self.counts[AnswerCount.UNEXPECTED] += 1
            return []
        self._forget_before(now - _MEMORY)
        asked = self._asked.pop(probe.nonce, None)
        if asked is None:
            if len(self._early) < _MEMORY_LIMIT:
                self._early.setdefault(probe.nonce, now)
            self.counts[AnswerCount.UNEXPECTED] += 1
            return []
        return self._say_datagram_came(probe.nonce, asked, now=now)

    def _answer_seen_by(
        self, question: Question, *, hearing: Hearing, relay_round_trip: float | None, now: float
    ) -> list[bytes]:
        nonce = question.probe.nonce
        said = Probe(
            kind=ProbeKind.SEEN_FRAME,
            nonce=nonce,
            hearing=hearing,
            relay_round_trip=relay_round_trip,
        )
        answers = [said.frame(question.sender, self._mac)]
        self._forget_before(now - _MEMORY)
        asked = _Asked(question.source, question.sender, now)
        if self._early.pop(nonce, None) is not None:
            answers += self._say_datagram_came(nonce, asked, now=now)
        elif len(self._asked) < _MEMORY_LIMIT:
            # Whoever repeats another's nonce doesn't get the answer that is the other's.
            self._asked.setdefault(nonce, asked)
        return answers

    def _say_datagram_came(self, nonce: int, asked: _Asked, *, now: float) -> list[bytes]:
        if not self._allows(self._seen_limit, asked.source, now=now):
            return []
        came = Probe(kind=ProbeKind.SEEN_DATAGRAM, nonce=nonce, hearing=Hearing.LISTENING)
        return [came.frame(asked.sender, self._mac)]

    def _allows(self, limit: AnswerLimit, asker: int, *, now: float) -> bool:
        allowed = limit.allows(asker, now=now)
        self.counts[AnswerCount.ANSWERED if allowed else AnswerCount.LIMITED] += 1
        return allowed

    def _forget_before(self, past: float) -> None:
        for nonce in [nonce for nonce, asked in self._asked.items() if asked.at < past]:
            del self._asked[nonce]
        for nonce in [nonce for nonce, at in self._early.items() if at < past]:
            del self._early[nonce]
