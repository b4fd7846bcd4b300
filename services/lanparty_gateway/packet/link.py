"""What the kernel says of a network interface by its name (netdevice(7)); needs no privilege."""

import fcntl
import socket
import struct
from dataclasses import dataclass
from enum import StrEnum
from typing import Final, Self

from lanparty_proto import MacAddress

__all__ = ["ETHERNET", "Link", "LinkState"]

ETHERNET: Final = 1
"""ARPHRD_ETHER of linux/if_arp.h."""

_SIOCGIFFLAGS: Final = 0x8913
_SIOCGIFMTU: Final = 0x8921
_SIOCGIFHWADDR: Final = 0x8927
_SIOCGIFINDEX: Final = 0x8933
_NUMBER: Final = struct.Struct("=16si20x")  # struct ifreq: name, an int
_FLAGS: Final = struct.Struct("=16sH22x")  # struct ifreq: name, ifr_flags
_HARDWARE: Final = struct.Struct("=16sH6s16x")  # struct ifreq: name, sa_family, address
_UP_AND_RUNNING: Final = 0x41  # IFF_UP | IFF_RUNNING: switched on, and a cable in it
_LONGEST_NAME: Final = 15


class LinkState(StrEnum):
    """Whether frames can pass."""

    UP = "up"
    DOWN = "down"
    """Switched off, or no cable."""
    GONE = "gone"
    """There is no interface of that name (any more)."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Link:
    """One interface at one moment."""

    index: int
    kind: int
    """ARPHRD_*; `ETHERNET` for what a packet port can use."""
    mac: MacAddress
    mtu: int
    """Largest payload of a frame that it sends, in bytes."""
    state: LinkState

    @classmethod
    def read(cls, interface: str) -> Self | None:
        """Ask the kernel; None if there is no interface of that name."""
        name = interface.encode(errors="surrogateescape")
        if not 0 < len(name) <= _LONGEST_NAME:
            return None
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM | socket.SOCK_CLOEXEC) as asking:
            try:
                index = _NUMBER.unpack(fcntl.ioctl(asking, _SIOCGIFINDEX, _NUMBER.pack(name, 0)))[1]
                mtu = _NUMBER.unpack(fcntl.ioctl(asking, _SIOCGIFMTU, _NUMBER.pack(name, 0)))[1]
                flags = _FLAGS.unpack(fcntl.ioctl(asking, _SIOCGIFFLAGS, _FLAGS.pack(name, 0)))[1]
                request = _HARDWARE.pack(name, 0, b"")
                _, kind, mac = _HARDWARE.unpack(fcntl.ioctl(asking, _SIOCGIFHWADDR, request))
            except OSError:
                return None
        up = flags & _UP_AND_RUNNING == _UP_AND_RUNNING
        state = LinkState.UP if up else LinkState.DOWN
        return cls(index=index, kind=kind, mac=MacAddress(mac), mtu=mtu, state=state)
