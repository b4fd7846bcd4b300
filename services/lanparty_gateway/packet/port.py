"""The LAN's network interface as a frame port that outlives the interface."""

import asyncio
import os
from collections import deque
from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import Final, Self

from lanparty_client_core.port import FRAMES_PER_READ
from lanparty_client_core.port_error import PortError, PortFault
from lanparty_gateway.packet.counters import PortCounters
from lanparty_gateway.packet.link import ETHERNET, Link, LinkState
from lanparty_gateway.packet.link_watch import LinkWatch
from lanparty_gateway.packet.packet_socket import PacketSocket
from lanparty_gateway.packet.rights import not_permitted, raise_net_raw
from lanparty_gateway.packet.wish import FilterWish
from lanparty_proto import MAXIMUM_ROOM_MTU, MacAddress

__all__ = ["PacketPort"]

_TRY_AGAIN_SECONDS: Final = 1.0
"""After an interface that is there couldn't be opened: no event announces that it can."""


class PacketPort:
    """A `FramePort` on an interface that others own; used from the thread of one event loop.

    It is promiscuous as long as it is open, however the process ends. The host's own frames don't
    come, and what is written reaches the cable, never the host's own stack.

    While the interface is down or gone, reads are empty and writes take nothing. When there is one
    of its name again, the port goes on with that. Nothing raises but `open`.
    """

    def __init__(self, interface: str) -> None:
        """Open it; see `open`."""
        self._name = interface
        self._counters = PortCounters()
        self._wish = FilterWish()
        self._room_mtu = MAXIMUM_ROOM_MTU
        self._leftovers: deque[bytes] = deque()
        self._tell: Callable[[], None] | None = None
        self._wake: Callable[[], None] | None = None
        self._loop: asyncio.AbstractEventLoop | None = None
        self._again: asyncio.TimerHandle | None = None
        self._attends = False
        self._closed = False
        self._link = _require(interface)
        self._state = self._link.state
        self._socket: PacketSocket | None = self._open_socket()
        self._watch = LinkWatch()

    @classmethod
    def open(cls, interface: str) -> Self:
        """Listen on the interface, to group frames only until `admit`.

        Raises `PortError`: no CAP_NET_RAW, no such interface, one that isn't Ethernet.
        """
        try:
            return cls(interface)
        except PermissionError as error:
            raise not_permitted() from error
        except OSError as error:
            raise PortError(
                PortFault.REFUSED,
                f"the kernel refuses to show the frames of {interface}: "
                f"{os.strerror(error.errno or 0)}.",
            ) from error

    @property
    def name(self) -> str:
        """The interface's name."""
        return self._name

    @property
    def index(self) -> int:
        """The kernel's number for the interface; the last one while it is gone."""
        return self._link.index

    @property
    def mac(self) -> MacAddress:
        """The interface's own address; the last one while it is gone."""
        return self._link.mac

    @property
    def mtu(self) -> int:
        """Largest Ethernet payload, in bytes, that the interface sends."""
        return self._link.mtu

    @property
    def link(self) -> LinkState:
        """Whether frames can pass, as far as the event loop has heard."""
        return self._state

    def set_room_mtu(self, mtu: int) -> None:
        """Cut superframes to `mtu` bytes of payload from now on."""
        self._room_mtu = mtu

    def admit(self, wish: FilterWish) -> None:
        """Let the kernel pass what the wish names, and group frames, from the next frame on."""
        if wish == self._wish:
            return
        self._wish = wish
        if self._socket is not None:
            self._socket.admit(wish)

    def on_link_change(self, call: Callable[[], None] | None) -> None:
        """Name what the running event loop calls when a property has changed; None for nobody.

        What has changed while nobody was there to be told or woken is told at once.
        """
        self._tell = call
        self._attend()

    def on_readable(self, wake: Callable[[], None] | None) -> None:
        """Name what the running event loop calls while frames wait; None for nobody."""
        self._stop_reading()
        self._wake = None if self._closed else wake
        self._start_reading()
        self._attend()

    def read_frames(self) -> list[bytes]:
        """Take finished frames of the LAN, oldest first, at most `FRAMES_PER_READ`.

        A superframe that makes more is returned over several calls.
        """
        if self._leftovers:
            frames = [
                self._leftovers.popleft() for _ in range(min(len(self._leftovers), FRAMES_PER_READ))
            ]
        elif self._socket is None:
            return []
        else:
            frames = self._socket.read(FRAMES_PER_READ, mtu=self._room_mtu)
            if not frames:
                self._socket.take_error()  # a network that went down would wake the loop for ever
            elif len(frames) > FRAMES_PER_READ:
                self._leftovers.extend(frames[FRAMES_PER_READ:])
                del frames[FRAMES_PER_READ:]
        self._wake_for_leftovers()
        self._counters.frames_read += len(frames)
        return frames

    def write_frames(self, frames: Sequence[bytes]) -> int:
        """Send frames on the LAN as they are. Returns how many were taken.

        One that the kernel refuses for its own sake is skipped; if it takes none at the moment,
        that one and the rest are lost.
        """
        if self._socket is None:
            self._counters.refused_writes += len(frames)
            return 0
        taken = self._socket.write(frames)
        self._counters.frames_written += taken
        return taken

    def counters(self) -> PortCounters:
        """Look at the counters."""
        if self._socket is not None:
            self._socket.count_drops()
        return replace(self._counters)

    def close(self) -> None:
        """Give the interface back: the kernel ends its promiscuity."""
        if self._closed:
            return
        self._closed = True
        self._tell = None
        self.on_readable(None)
        if self._again is not None:
            self._again.cancel()
        self._watch.close()
        self._close_socket()
        self._leftovers.clear()

    def _open_socket(self) -> PacketSocket:
        try:
            return self._make_socket()
        except PermissionError:
            if not raise_net_raw():
                raise
        return self._make_socket()

    def _make_socket(self) -> PacketSocket:
        return PacketSocket(
            self._name, index=self._link.index, wish=self._wish, counters=self._counters
        )

    def _close_socket(self) -> None:
        self._stop_reading()
        if self._socket is not None:
            self._socket.close()
            self._socket = None

    def _start_reading(self) -> None:
        if self._wake is not None and self._socket is not None:
            self._loop = asyncio.get_running_loop()
            self._loop.add_reader(self._socket.fileno(), self._wake)
            self._wake_for_leftovers()

    def _wake_for_leftovers(self) -> None:
        """They are no longer the socket's, which would wake by itself."""
        if self._leftovers and self._wake is not None and self._loop is not None:
            self._loop.call_soon(self._wake)

    def _stop_reading(self) -> None:
        if self._loop is not None and self._socket is not None:
            self._loop.remove_reader(self._socket.fileno())
        self._loop = None

    def _attend(self) -> None:
        """Listen to changes while anybody is there to be told or woken."""
        attends = not self._closed and (self._wake is not None or self._tell is not None)
        if attends == self._attends:
            return
        self._attends = attends
        self._watch.on_change(self._look if attends else None)
        if attends:
            self._look()

    def _look(self) -> None:
        """Compare the interface with what it was; go on with another one of the same name."""
        before = (self._link, self._state)
        link = Link.read(self._name)
        if link is None or link.kind != ETHERNET:
            self._state = LinkState.GONE
            self._close_socket()
        else:
            if link.index != self._link.index:
                self._close_socket()
            self._link, self._state = link, link.state
            if self._socket is None:
                self._reopen()
        if (self._link, self._state) != before and self._tell is not None:
            self._tell()

    def _reopen(self) -> None:
        try:
            self._socket = self._open_socket()
        except OSError:
            self._state = LinkState.GONE
            if self._again is not None:
                self._again.cancel()
            self._again = asyncio.get_running_loop().call_later(_TRY_AGAIN_SECONDS, self._look)
            return
        self._counters.reopened += 1
        self._start_reading()


def _require(interface: str) -> Link:
    link = Link.read(interface)
    if link is None:
        raise PortError(
            PortFault.NO_DEVICE,
            f"there is no network interface {interface[:40]!r} here. "
            "`ip link` shows the ones that are; in a container, it needs the host's network.",
        )
    if link.kind != ETHERNET:
        raise PortError(
            PortFault.NOT_ETHERNET,
            f"{interface} is no Ethernet interface, so it can't be part of a LAN. "
            "Take the one that the network cable is in; `ip link` says link/ether for it.",
        )
    return link
