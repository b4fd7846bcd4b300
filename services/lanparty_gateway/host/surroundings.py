"""Which programs run here, and what two of them say of an interface: a shell."""

import os
import socket
from collections.abc import Iterator
from pathlib import Path
from typing import Final

from lanparty_gateway.host.managers import Manager, RunningProgram, manager_of

__all__ = ["find_manager"]

_PROC: Final = Path("/proc")
_RUN: Final = Path("/run")


def find_manager(interface: str, *, proc: Path = _PROC, run: Path = _RUN) -> Manager | None:
    """Tell who looks after an interface that exists."""
    index = socket.if_nametoindex(interface)
    return manager_of(
        interface,
        _programs(proc),
        networkd_state=_values(run / f"systemd/netif/links/{index}"),
        network_manager_state=_values(run / f"NetworkManager/devices/{index}"),
    )


def _programs(proc: Path) -> Iterator[RunningProgram]:
    """Yield the processes that have this thread's network; those of containers have another.

    One whose network can't be told counts as well: rather a manager too many than one unseen.
    """
    own = os.readlink(proc / "thread-self/ns/net")
    for folder in proc.iterdir():
        if not folder.name.isdecimal():
            continue
        try:
            if _network_of(folder) in (own, None):
                line = (folder / "cmdline").read_bytes().decode(errors="replace")
                yield RunningProgram(tuple(line.rstrip("\0").split("\0")))
        except OSError:  # it has just ended
            continue


def _network_of(folder: Path) -> str | None:
    try:
        return os.readlink(folder / "ns/net")
    except PermissionError:
        return None


def _values(path: Path) -> dict[str, str]:
    """Read lines of KEY=VALUE; a file that isn't there has none."""
    try:
        lines = path.read_text().splitlines()
    except OSError:
        return {}
    pairs = (line.partition("=") for line in lines if "=" in line)
    return {key.strip(): value.strip() for key, _, value in pairs}
