"""What the kernel permits this process (capabilities(7))."""

import os
from pathlib import Path
from typing import Final

from lanparty_client.linux.tap import DEVICE

__all__ = ["can_open_tap_device", "has_net_admin", "holds_net_admin"]

_NET_ADMIN: Final = 12  # CAP_NET_ADMIN of linux/capability.h
_EFFECTIVE: Final = "CapEff:"


def has_net_admin() -> bool:
    """Whether this process may make and set up network interfaces: CAP_NET_ADMIN is effective."""
    try:
        return holds_net_admin(Path("/proc/self/status").read_text())
    except OSError:  # no /proc: let the kernel answer when it is asked for an interface
        return True


def holds_net_admin(status: str) -> bool:
    """Read the effective set from the text of a /proc/PID/status."""
    for line in status.splitlines():
        if line.startswith(_EFFECTIVE):
            return bool(int(line.removeprefix(_EFFECTIVE), 16) >> _NET_ADMIN & 1)
    return False


def can_open_tap_device() -> bool:
    """Whether the TAP device exists and may be opened."""
    return os.access(DEVICE, os.R_OK | os.W_OK)
