"""Where the sessions of players on this machine can be asked, and who may ask the service."""

import grp
import os
from pathlib import Path
from typing import Final

from lanparty_endpoint.directories import SessionKind

__all__ = ["PLAYERS", "SERVICE_GROUP", "SYSTEM_RUNTIME", "service_group"]

PLAYERS: Final = SessionKind(
    folder="softlan",
    sessions="sessions",
    none_runs="This computer is in no room. `lanparty-client join` joins one.",
)

SYSTEM_RUNTIME: Final = Path("/run/softlan")
"""Of root and of the service."""

SERVICE_GROUP: Final = "softlan"
"""Whoever is in it may join through the service."""


def service_group() -> int | None:
    """Return the number of the group `softlan` if this process may give it a file."""
    try:
        number = grp.getgrnam(SERVICE_GROUP).gr_gid
    except KeyError:
        return None
    return number if os.geteuid() == 0 or number in (os.getegid(), *os.getgroups()) else None
