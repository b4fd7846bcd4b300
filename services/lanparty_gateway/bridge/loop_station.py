"""The station that searches the room for loops: it sends its probes and keeps those that come."""

from collections.abc import Callable
from typing import Final

from lanparty_ethernet import ETHERTYPE_PROBE
from lanparty_gateway.bridge.loop_probes import LoopProbes, ProbeVerdict, Schedule
from lanparty_proto import ETHERNET_HEADER_LENGTH, MacAddress

__all__ = ["LoopStation"]

_ETHERTYPES: Final = frozenset({ETHERTYPE_PROBE})


class LoopStation:
    """A `Station` of `lanparty_client_core`."""

    def __init__(
        self,
        mac: MacAddress,
        probes: LoopProbes,
        *,
        on_loop: Callable[[float], None],
    ) -> None:
        """`on_loop` is called with `now` when the LAN's probe comes from the room."""
        self._frame = probes.into_room(mac)
        self._probes = probes
        self._on_loop = on_loop
        self.schedule: Final = Schedule()
        self.sent = 0

    @property
    def ethertypes(self) -> frozenset[int]:
        """Softlan's own."""
        return _ETHERTYPES

    def receive_frame(self, frame: bytes, *, source: int, now: float) -> bool:  # noqa: ARG002
        """Keep every search for loops: from the room none is let onto the LAN."""
        verdict = self._probes.judge_in_room(frame[ETHERNET_HEADER_LENGTH:])
        if verdict is ProbeVerdict.LOOP:
            self._on_loop(now)
        return verdict is not ProbeVerdict.NOT_LOOP

    def frames_to_send(self, *, now: float) -> list[bytes]:
        """Take the probe for the room if it is due."""
        if not self.schedule.take(now=now):
            return []
        self.sent += 1
        return [self._frame]

    def next_deadline(self) -> float | None:
        """When the next probe is due."""
        return self.schedule.next_deadline()
