"""The station of a room's endpoint that answers probes and sends them.

A `Station` of `lanparty_client_core`: it stands on the segment beside the machine behind the port
and speaks only softlan's own ethertype. It is awake in every endpoint.
"""

from collections import Counter
from collections.abc import Callable
from ipaddress import IPv4Address
from typing import Final

from lanparty_endpoint.probing.answers import AnswerCount, ProbeAnswers, Question
from lanparty_endpoint.probing.questions import Heard, ProbeQuestions
from lanparty_ethernet import (
    ETHERTYPE_PROBE,
    SMALLEST_PROBE_FRAME,
    Hearing,
    PacketError,
    Probe,
    ProbeKind,
)
from lanparty_proto import BROADCAST, EthernetError, MacAddress, parse_ethernet

__all__ = ["ProbeStation"]

_ETHERTYPES: Final = frozenset({ETHERTYPE_PROBE})
_QUESTIONS: Final = (ProbeKind.ECHO_REQUEST, ProbeKind.SEEN_BY)
_TO_SEND_LIMIT: Final = 256
"""Frames that wait for the session's next turn; more is a flood, and stays unanswered."""


class ProbeStation:
    """Answers `ECHO_REQUEST` and `SEEN_BY`, and asks them for a person."""

    def __init__(
        self,
        mac: MacAddress,
        *,
        relay_round_trip: Callable[[], float | None],
        hearing: Hearing = Hearing.NO_HOST,
    ) -> None:
        """`mac` is the endpoint's own; `relay_round_trip` gives seconds, told with answers."""
        self._mac = mac
        self._relay_round_trip = relay_round_trip
        self._answers = ProbeAnswers(mac)
        self._questions = ProbeQuestions(mac)
        self._to_send: list[bytes] = []
        self.hearing = hearing
        """Whether there is an ordinary socket that hands what it hears to `receive_datagram`."""

    @property
    def ethertypes(self) -> frozenset[int]:
        """Which frames of the room to hand to `receive_frame`."""
        return _ETHERTYPES

    @property
    def counts(self) -> Counter[AnswerCount]:
        """What became of the probes that came: a copy."""
        return self._answers.counts.copy()

    def receive_frame(self, frame: bytes, *, source: int, now: float) -> bool:
        """Take a frame from the room.

        False if it is another's, who has the same ethertype, or a gateway's search for loops.
        """
        try:
            header = parse_ethernet(memoryview(frame))
            probe = Probe.parse(header.payload)
        except (EthernetError, PacketError):
            return False
        if header.tag is not None or header.destination not in (self._mac, BROADCAST):
            return False
        if probe.kind is ProbeKind.LOOP:
            # It goes on to the port: only so does it come back to the gateway if the machine
            # bridges the room and the gateway's network. In a gateway another station keeps it.
            return False
        sender = MacAddress(header.source)
        if sender.is_group or not any(sender) or sender == self._mac:
            self._answers.counts[AnswerCount.UNFIT] += 1
        elif probe.kind in _QUESTIONS:
            question = Question(
                probe=probe,
                source=source,
                sender=sender,
                destination=MacAddress(header.destination),
                size=len(frame),
            )
            self._send(
                self._answers.answer(
                    question,
                    hearing=self.hearing,
                    relay_round_trip=self._relay_round_trip(),
                    now=now,
                )
            )
        elif not self._questions.receive_answer(probe, sender=sender, source=source, now=now):
            self._answers.counts[AnswerCount.UNEXPECTED] += 1
        return True

    def receive_datagram(self, payload: bytes, *, now: float) -> None:
        """Take what the ordinary socket heard; the session's next turn is the caller's to ask."""
        self._send(self._answers.receive_datagram(payload, now=now))

    def ask_echo(
        self,
        destination: MacAddress,
        *,
        nonce: int,
        heard: Heard,
        now: float,
        size: int = SMALLEST_PROBE_FRAME,
    ) -> None:
        """Ask one endpoint; it leaves in the next turn. Call `forget` when done with it."""
        self._send(
            self._questions.ask_echo(destination, nonce=nonce, heard=heard, now=now, size=size)
        )

    def ask_who_sees(self, *, nonce: int, address: IPv4Address, heard: Heard, now: float) -> None:
        """Ask everybody; it leaves in the next turn. Call `forget` when done with it."""
        self._send(self._questions.ask_who_sees(nonce=nonce, address=address, heard=heard, now=now))

    def forget(self, nonce: int) -> None:
        """Close a question."""
        self._questions.forget(nonce)

    def frames_to_send(self, *, now: float) -> list[bytes]:  # noqa: ARG002  the station's protocol
        """Take the frames for the room."""
        frames, self._to_send = self._to_send, []
        return frames

    def next_deadline(self) -> float | None:
        """At once while frames wait, else never: who asks keeps the time."""
        return float("-inf") if self._to_send else None

    def _send(self, frames: list[bytes]) -> None:
        self._to_send += frames[: _TO_SEND_LIMIT - len(self._to_send)]
