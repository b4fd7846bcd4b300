"""The one right that the gateway needs, CAP_NET_RAW (capabilities(7))."""

import ctypes
import os
import struct
import sys
from typing import Final

from lanparty_client_core.port_error import PortError, PortFault

__all__ = ["not_permitted", "raise_net_raw"]

_NET_RAW: Final = 1 << 13  # CAP_NET_RAW of linux/capability.h
_VERSION: Final = 0x20080522  # _LINUX_CAPABILITY_VERSION_3
_HEADER: Final = struct.Struct("=Ii")  # version, thread (0: this one)
_SETS: Final = struct.Struct("=6I")  # effective, permitted, inheritable: low halves, then high


def raise_net_raw() -> bool:
    """Make the right effective for this thread if it is permitted; say whether it is now.

    A program file with `setcap cap_net_raw+p` has it so: permitted alone, so that the program
    starts even where a container's bounding set lacks it, and can say so.
    """
    libc = ctypes.CDLL(None, use_errno=True)
    header = ctypes.create_string_buffer(_HEADER.pack(_VERSION, 0), _HEADER.size)
    sets = ctypes.create_string_buffer(_SETS.size)
    if libc.capget(header, sets) != 0:
        return False
    effective, permitted, *rest = _SETS.unpack(sets.raw)
    if not permitted & _NET_RAW:
        return False
    sets.raw = _SETS.pack(effective | _NET_RAW, permitted, *rest)
    return bool(libc.capset(header, sets) == 0)


def not_permitted() -> PortError:
    """Say what a person reads whose gateway lacks the right."""
    if os.geteuid() == 0:
        way_out = (
            "This is root without it: in a container, start it with --cap-add NET_RAW "
            "(cap_add: [NET_RAW] in compose)."
        )
    else:
        way_out = (
            f"Run it as root; or run `setcap cap_net_raw+p {os.path.realpath(sys.executable)}` "
            "as root, which permits it to every program of that Python; or, in a container, start "
            "it with --cap-add NET_RAW (cap_add: [NET_RAW] in compose)."
        )
    return PortError(
        PortFault.NOT_PERMITTED, f"reading the LAN's frames needs the right CAP_NET_RAW. {way_out}"
    )
