"""The LAN as a frame port: an interface and the bridge on it, with the bridge's clock."""

import asyncio
from collections.abc import Callable, Sequence

from lanparty_client_core import FramePort
from lanparty_gateway.bridge import Bridge

__all__ = ["BridgedPort"]


class BridgedPort:
    """A `FramePort` from which only comes what may go into the room; used from one event loop.

    The bridge's own frames go onto the LAN when they are due, whether there is a session or not.
    """

    def __init__(
        self,
        port: FramePort,
        bridge: Bridge,
        *,
        on_turn: Callable[[], None],
        wake: Callable[[], None],
    ) -> None:
        """`on_turn` is called after everything that may have changed the bridge.

        `wake` gives the session a turn, when the bridge has something for the room.
        """
        self._port = port
        self._bridge = bridge
        self._on_turn = on_turn
        self._wake = wake
        self._loop = asyncio.get_running_loop()
        self._timer: asyncio.TimerHandle | None = None

    @property
    def mtu(self) -> int:
        """Largest Ethernet payload, in bytes, that the interface sends."""
        return self._port.mtu

    def read_frames(self) -> list[bytes]:
        """Take what the LAN has for the room."""
        frames = self._port.read_frames()
        if not frames:
            return frames
        forwarded = self._bridge.from_lan(frames, now=self._loop.time())
        self.turn()
        return forwarded

    def write_frames(self, frames: Sequence[bytes]) -> int:
        """Send on the LAN what may go there. All are taken: the bridge counts what it drops."""
        self._port.write_frames(self._bridge.from_room(frames, now=self._loop.time()))
        self.turn()
        return len(frames)

    def on_readable(self, wake: Callable[[], None] | None) -> None:
        """Name what to call while frames wait; None for nobody."""
        self._port.on_readable(wake)

    def turn(self) -> None:
        """Do what is due, and come back when more is: after whatever the bridge was told."""
        due = self._bridge.next_deadline()
        now = self._loop.time()
        if due is not None and due <= now:
            self._bridge.handle_timer(now=now)
            if frames := self._bridge.frames_for_lan(now=now):
                self._port.write_frames(frames)
            due = self._bridge.next_deadline()
        self._arm(due)
        self._on_turn()

    def close(self) -> None:
        """Let nothing happen any more; the interface is its opener's."""
        self._arm(None)

    def _arm(self, due: float | None) -> None:
        if self._timer is not None:
            if self._timer.when() == due and not self._timer.cancelled():
                return
            self._timer.cancel()
            self._timer = None
        if due is not None:
            self._timer = self._loop.call_at(due, self._ring)

    def _ring(self) -> None:
        self._timer = None
        self.turn()
        room_due = self._bridge.station.next_deadline()
        if room_due is not None and room_due <= self._loop.time():
            self._wake()
