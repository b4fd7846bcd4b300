"""Where `lanparty-client` keeps its files, and where running sessions can be asked."""

import grp
import os
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from lanparty_command import CommandFailed

__all__ = [
    "SERVICE_GROUP",
    "SYSTEM_RUNTIME",
    "RuntimeDirectory",
    "runtime_directories",
    "service_group",
]

SYSTEM_RUNTIME: Final = Path("/run/softlan")
"""Of root and of the service."""

SERVICE_GROUP: Final = "softlan"
"""Whoever is in it may join through the service."""

_OPEN: Final = 0o755
_CONTROL: Final = "control.sock"
_SESSIONS: Final = "sessions"


@dataclass(frozen=True, slots=True)
class RuntimeDirectory:
    """A directory of sockets."""

    path: Path

    @property
    def control_socket(self) -> Path:
        """Where the service takes wishes to join."""
        return self.path / _CONTROL

    def session_socket(self, interface: str) -> Path:
        """Where the session of an interface can be asked."""
        return self.path / _SESSIONS / f"{interface}.sock"

    def session_sockets(self) -> list[Path]:
        """Return every session's socket, by the interfaces' names."""
        try:
            return sorted((self.path / _SESSIONS).glob("*.sock"))
        except OSError:
            return []

    def make(self) -> None:
        """Make what is missing; others may look, and ask where a socket lets them.

        Raises `CommandFailed`.
        """
        try:
            for directory in (self.path, self.path / _SESSIONS):
                if not directory.exists():
                    directory.mkdir(parents=True)
                    directory.chmod(_OPEN)  # whatever the umask is
        except OSError as error:
            raise CommandFailed(
                f"Can't make {self.path / _SESSIONS}: {error.strerror}. "
                "Name another directory by --runtime-dir."
            ) from error


def runtime_directories(chosen: Path | None) -> tuple[RuntimeDirectory, ...]:
    """Return where sessions may be, this user's own directory first."""
    if chosen is not None:
        return (RuntimeDirectory(chosen),)
    own = os.environ.get("XDG_RUNTIME_DIR")
    system = RuntimeDirectory(SYSTEM_RUNTIME)
    if os.geteuid() == 0 or not own:
        return (system,)
    return (RuntimeDirectory(Path(own) / "softlan"), system)


def service_group() -> int | None:
    """Return the number of the group `softlan` if this process may give it a file."""
    try:
        number = grp.getgrnam(SERVICE_GROUP).gr_gid
    except KeyError:
        return None
    return number if os.geteuid() == 0 or number in (os.getegid(), *os.getgroups()) else None
