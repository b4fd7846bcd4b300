"""The asking half: probes that this endpoint sent, and what came back for each."""

from collections.abc import Callable
from dataclasses import dataclass
from ipaddress import IPv4Address
from typing import Final, TypeAlias

from lanparty_ethernet import (
    SMALLEST_PROBE_FRAME,
    Hearing,
    Probe,
    ProbeKind,
    broadcast_datagram,
)
from lanparty_proto import BROADCAST, MacAddress

__all__ = ["ProbeAnswer", "ProbeQuestions", "TooManyQuestionsError"]

_QUESTIONS_LIMIT: Final = 64
"""Questions that wait for answers at a time; each is a person's command."""

_ANSWERS_TO: Final = {
    ProbeKind.ECHO_REQUEST: (ProbeKind.ECHO_REPLY,),
    ProbeKind.SEEN_BY: (ProbeKind.SEEN_FRAME, ProbeKind.SEEN_DATAGRAM),
}


class TooManyQuestionsError(Exception):
    """So many questions are open that another isn't asked. The text is for a person."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ProbeAnswer:
    """What another endpoint answered."""

    kind: ProbeKind
    peer_id: int
    """Who answered, as the relay knows it."""
    mac: MacAddress
    after: float
    """Seconds from the question's leaving to the answer's arrival."""
    hearing: Hearing
    relay_round_trip: float | None
    """Seconds from that endpoint to the relay and back, as it measured them: its own claim."""


Heard: TypeAlias = Callable[[ProbeAnswer], None]
"""Called in the turn in which an answer arrives; it must not raise."""


@dataclass(slots=True)
class _Open:
    kind: ProbeKind
    destination: MacAddress
    heard: Heard
    asked_at: float


class ProbeQuestions:
    """Nonces come in as arguments. Every question stays open until `forget`."""

    def __init__(self, mac: MacAddress) -> None:
        self._mac = mac
        self._open: dict[int, _Open] = {}

    def ask_echo(
        self,
        destination: MacAddress,
        *,
        nonce: int,
        heard: Heard,
        now: float,
        size: int = SMALLEST_PROBE_FRAME,
    ) -> list[bytes]:
        """Return the frame, of `size` bytes, that asks one endpoint whether it is there.

        Raises `TooManyQuestionsError`.
        """
        self._begin(ProbeKind.ECHO_REQUEST, destination, nonce=nonce, heard=heard, now=now)
        probe = Probe(kind=ProbeKind.ECHO_REQUEST, nonce=nonce)
        return [probe.frame(destination, self._mac, size=size)]

    def ask_who_sees(
        self, *, nonce: int, address: IPv4Address, heard: Heard, now: float
    ) -> list[bytes]:
        """Return the two frames that ask everybody: softlan's own, and the UDP broadcast.

        `address` is the one that the broadcast comes from. Raises `TooManyQuestionsError`.
        """
        self._begin(ProbeKind.SEEN_BY, BROADCAST, nonce=nonce, heard=heard, now=now)
        probe = Probe(kind=ProbeKind.SEEN_BY, nonce=nonce)
        return [
            probe.frame(BROADCAST, self._mac),
            broadcast_datagram(probe, source=self._mac, address=address),
        ]

    def forget(self, nonce: int) -> None:
        """Close a question; answers that still come are nobody's."""
        self._open.pop(nonce, None)

    def receive_answer(self, probe: Probe, *, sender: MacAddress, source: int, now: float) -> bool:
        """Hand an answer to who asked. False if nobody did, or not from this address."""
        question = self._open.get(probe.nonce)
        if question is None or probe.kind not in _ANSWERS_TO[question.kind]:
            return False
        if question.destination not in (sender, BROADCAST):
            return False
        question.heard(
            ProbeAnswer(
                kind=probe.kind,
                peer_id=source,
                mac=sender,
                after=now - question.asked_at,
                hearing=probe.hearing,
                relay_round_trip=probe.relay_round_trip,
            )
        )
        return True

    def _begin(
        self, kind: ProbeKind, destination: MacAddress, *, nonce: int, heard: Heard, now: float
    ) -> None:
        if len(self._open) >= _QUESTIONS_LIMIT:
            raise TooManyQuestionsError(
                "Too many checks are running at once. Wait until the others are done."
            )
        self._open[nonce] = _Open(kind, destination, heard, now)
