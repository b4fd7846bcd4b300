"""The TAP interface of the kernel as a frame port (Documentation/networking/tuntap.rst).

The interface lives as long as its file descriptor: when the process ends, however it ends, the
kernel removes it with every address and route on it.
"""

import asyncio
import errno
import fcntl
import os
import re
import socket
import struct
from collections.abc import Callable, Sequence
from typing import Final, NoReturn, Self

from lanparty_client.linux.router_advertisements import is_router_advertisement
from lanparty_client_core.port import FRAMES_PER_READ
from lanparty_client_core.port_error import PortError, PortFault
from lanparty_proto import MAXIMUM_ROOM_MTU, MacAddress

__all__ = ["DEVICE", "LARGEST_READ", "TapPort"]

DEVICE: Final = "/dev/net/tun"

LARGEST_READ: Final = 2_048
"""Bytes taken of one frame. The kernel cuts a larger one there, which is still too long for a room
of any MTU: whoever checks sizes drops it, and a superframe costs no more than another frame."""

_WAYS_OUT: Final = (
    "Run this command as root, or run `lanparty-client setup` as root once: "
    "then every user that you allow may join."
)

_TUNSETIFF: Final = 0x400454CA
_TUNGETIFF: Final = 0x800454D2
_SIOCGIFHWADDR: Final = 0x8927
_IFF_TAP: Final = 0x0002
_IFF_NO_PI: Final = 0x1000
_IFF_TUN_EXCL: Final = 0x8000
_INTERFACE_REQUEST: Final = struct.Struct("16sH22x")  # struct ifreq: name, flags
_HARDWARE_REQUEST: Final = struct.Struct("16sH6s16x")  # struct ifreq: name, sa_family, address
_NAME: Final = re.compile(r"[A-Za-z0-9_][A-Za-z0-9_.-]{0,14}")  # IFNAMSIZ less the final NUL

_LOST: Final = frozenset({errno.EBADFD, errno.EBADF, errno.EFAULT, errno.ENODEV})
_FRAME_REFUSED: Final = frozenset({errno.EINVAL, errno.EMSGSIZE, errno.EOPNOTSUPP})


class TapPort:
    """A `FramePort` on a TAP interface of its own; used from the thread of one event loop.

    While the interface is down the host sends nothing and takes nothing. If somebody deletes the
    interface, reads are empty, writes take nothing, and the callback of `on_lost` is called once.
    """

    def __init__(self, descriptor: int, *, mtu: int) -> None:
        """Own an open descriptor that is attached to an interface; see `open`."""
        self._descriptor = descriptor
        self._mtu = mtu
        self._closed = False
        self._lost = False
        self._tell_lost: Callable[[], None] | None = None
        self._loop: asyncio.AbstractEventLoop | None = None
        self._name = self._ask_name()
        self._index = socket.if_nametoindex(self._name)
        self.refuse_router_advertisements = False
        """Keep the room's IPv6 router advertisements from the host, where the kernel can't be told
        what to take of them."""
        self.refused_frames = 0
        """Frames that the kernel called malformed, and router advertisements that were kept."""

    @classmethod
    def open(cls, name: str, *, mtu: int = MAXIMUM_ROOM_MTU) -> Self:
        """Make the interface `name`, still down. `mtu`: bytes, the most it will be set to.

        Raises `PortError`: no TAP device, no permission, or the name is taken or invalid.
        """
        _check_name(name)
        try:
            descriptor = os.open(DEVICE, os.O_RDWR | os.O_NONBLOCK | os.O_CLOEXEC)
        except OSError as error:
            _explain_device(error)
        try:
            flags = _IFF_TAP | _IFF_NO_PI | _IFF_TUN_EXCL
            fcntl.ioctl(descriptor, _TUNSETIFF, _INTERFACE_REQUEST.pack(name.encode(), flags))
            return cls(descriptor, mtu=mtu)
        except OSError as error:
            os.close(descriptor)
            _explain_interface(error, name)

    @property
    def name(self) -> str:
        """The interface's name as it was made."""
        return self._name

    @property
    def index(self) -> int:
        """The kernel's number for the interface; it stays when the name is changed."""
        return self._index

    @property
    def mtu(self) -> int:
        """Largest Ethernet payload, in bytes, that the port can carry."""
        return self._mtu

    @property
    def mac(self) -> MacAddress:
        """The interface's address at this moment. Raises `PortError` if the interface is gone."""
        request = _HARDWARE_REQUEST.pack(b"", 0, bytes(6))
        try:
            answer = fcntl.ioctl(self._descriptor, _SIOCGIFHWADDR, request)
        except OSError:
            raise self.lost_error() from None
        return MacAddress(_HARDWARE_REQUEST.unpack(answer)[2])

    @property
    def lost(self) -> bool:
        """Somebody deleted the interface; the port only waits to be closed."""
        return self._lost

    def lost_error(self) -> PortError:
        """Say what a person reads when the interface was deleted."""
        return PortError(
            PortFault.GONE,
            f"the network interface {self._name} was removed by another program. "
            "Join again to get it back.",
        )

    def on_lost(self, tell: Callable[[], None] | None) -> None:
        """Name what to call, once, when the interface was deleted; at once if it has been."""
        self._tell_lost = tell
        if self._lost and tell is not None:
            tell()

    def read_frames(self) -> list[bytes]:
        """Take the frames that the host sent, oldest first, at most `FRAMES_PER_READ`."""
        frames: list[bytes] = []
        if self._closed or self._lost:
            return frames
        descriptor, read = self._descriptor, os.read
        try:
            while len(frames) < FRAMES_PER_READ:
                frames.append(read(descriptor, LARGEST_READ))
        except BlockingIOError:
            pass
        except OSError as error:
            self._note(error)
        return frames

    def write_frames(self, frames: Sequence[bytes]) -> int:
        """Hand frames to the host. Returns how many it took.

        A frame that the kernel refuses for its own sake is skipped. If the host takes none at the
        moment (its memory is short, the interface is down), that frame and the rest are lost.
        """
        if self._closed or self._lost:
            return 0
        descriptor, write, taken = self._descriptor, os.write, 0
        for frame in frames:
            if self.refuse_router_advertisements and is_router_advertisement(frame):
                self.refused_frames += 1
                continue
            try:
                write(descriptor, frame)
                taken += 1
            except OSError as error:
                if error.errno not in _FRAME_REFUSED:
                    self._note(error)
                    break
                self.refused_frames += 1
        return taken

    def on_readable(self, wake: Callable[[], None] | None) -> None:
        """Name what the running event loop calls while frames wait; None for nobody."""
        if self._loop is not None:
            self._loop.remove_reader(self._descriptor)
            self._loop = None
        if wake is None or self._closed or self._lost:
            return
        self._loop = asyncio.get_running_loop()
        self._loop.add_reader(self._descriptor, wake)

    def close(self) -> None:
        """Give the interface back: the kernel removes it with its addresses and routes."""
        if self._closed:
            return
        self.on_readable(None)
        self._closed = True
        os.close(self._descriptor)

    def _note(self, error: OSError) -> None:
        """Tell a deleted interface, whose descriptor would wake the loop for ever, from a pause."""
        if error.errno not in _LOST:
            return
        self.on_readable(None)
        self._lost = True
        if self._tell_lost is not None:
            self._tell_lost()

    def _ask_name(self) -> str:
        answer = fcntl.ioctl(self._descriptor, _TUNGETIFF, _INTERFACE_REQUEST.pack(b"", 0))
        name: bytes = _INTERFACE_REQUEST.unpack(answer)[0]
        return name.rstrip(b"\0").decode(errors="surrogateescape")


def _check_name(name: str) -> None:
    """Be stricter than the kernel (dev_valid_name): a name also stands in files of others."""
    if not _NAME.fullmatch(name):
        raise PortError(
            PortFault.NAME_INVALID,
            f"{name[:40]!r} can't be the name of a network interface. "
            "Take at most 15 letters and digits, as in lan0.",
        )


def _explain_device(error: OSError) -> NoReturn:
    if error.errno == errno.EACCES and os.geteuid() != 0:
        raise PortError(
            PortFault.NOT_PERMITTED,
            f"this user may not open {DEVICE}. {_WAYS_OUT} If the service itself is refused, run "
            f"`chmod 666 {DEVICE}` as root.",
        ) from error
    if error.errno in {errno.EACCES, errno.EPERM}:
        raise _not_permitted() from error
    if error.errno in {errno.ENOENT, errno.ENODEV, errno.ENXIO}:
        raise PortError(
            PortFault.NO_DEVICE,
            f"this system has no TAP device: {DEVICE} is missing. Run `modprobe tun` as root; "
            f"in a container, start it with --device {DEVICE}.",
        ) from error
    raise PortError(
        PortFault.REFUSED, f"{DEVICE} can't be opened: {os.strerror(error.errno or 0)}."
    ) from error


def _explain_interface(error: OSError, name: str) -> NoReturn:
    if error.errno in {errno.EACCES, errno.EPERM}:
        raise _not_permitted() from error
    if error.errno == errno.EBUSY:
        raise PortError(
            PortFault.NAME_TAKEN,
            f"there is a network interface {name} already. "
            "Take another name with --interface, as in --interface lan1.",
        ) from error
    raise PortError(
        PortFault.REFUSED,
        f"the kernel refuses the network interface {name}: {os.strerror(error.errno or 0)}.",
    ) from error


def _not_permitted() -> PortError:
    way_out = _WAYS_OUT
    if os.geteuid() == 0:
        way_out = (
            "This is root without it: in a container, start it with --cap-add NET_ADMIN "
            f"and --device {DEVICE}."
        )
    return PortError(
        PortFault.NOT_PERMITTED, f"a network interface needs the right CAP_NET_ADMIN. {way_out}"
    )
