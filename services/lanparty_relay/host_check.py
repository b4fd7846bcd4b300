"""What this host should grant the relay, compared with what it does, and how to change it."""

import resource
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Final

__all__ = ["HostAdvice", "advise", "file_descriptors", "read_sysctl"]

_WANTED_BUFFER: Final = 4_194_304
"""Bytes of each socket buffer: 30 ms of arrivals at 1 Gbit/s, for the turns that take longest."""

_WANTED_DESCRIPTORS: Final = 1_024
"""One UDP socket serves every player; the rest is for the admin API's connections."""

_BUFFERS: Final[Mapping[str, str]] = {
    "net.core.rmem_max": "bursts from players may be lost on arrival",
    "net.core.wmem_max": "bursts to players may be lost on leaving",
}


@dataclass(frozen=True, slots=True)
class HostAdvice:
    """One thing that this host holds tighter than the relay would like."""

    subject: str
    value: int
    wanted: int
    effect: str
    remedy: str
    """The command or setting that mends it."""


def advise(*, sysctl: Callable[[str], int | None], descriptors: int | None) -> list[HostAdvice]:
    """Compare; what is None is unknown on this host and passes."""
    advice = [
        HostAdvice(name, value, _WANTED_BUFFER, effect, f"sysctl -w {name}={_WANTED_BUFFER}")
        for name, effect in _BUFFERS.items()
        if (value := sysctl(name)) is not None and value < _WANTED_BUFFER
    ]
    if descriptors is not None and descriptors < _WANTED_DESCRIPTORS:
        advice.append(
            HostAdvice(
                "RLIMIT_NOFILE",
                descriptors,
                _WANTED_DESCRIPTORS,
                "the admin API may refuse connections",
                f"ulimit -n {_WANTED_DESCRIPTORS} (systemd: LimitNOFILE={_WANTED_DESCRIPTORS})",
            )
        )
    return advice


def read_sysctl(name: str) -> int | None:
    """Read a kernel parameter; None where the kernel has none by this name."""
    try:
        return int(Path("/proc/sys", *name.split(".")).read_text())
    except (OSError, ValueError):
        return None


def file_descriptors() -> int | None:
    """Return how many files this process may have open; None for no limit."""
    soft, _ = resource.getrlimit(resource.RLIMIT_NOFILE)
    return None if soft == resource.RLIM_INFINITY else soft
