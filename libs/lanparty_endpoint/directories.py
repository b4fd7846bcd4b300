"""Where running sessions of this machine can be asked: by sockets, in folders of each program."""

import os
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from lanparty_command import CommandFailed

__all__ = ["RuntimeDirectory", "SessionKind"]

_SYSTEM: Final = Path("/run")
_OPEN: Final = 0o755
_CONTROL: Final = "control.sock"


@dataclass(frozen=True, slots=True)
class RuntimeDirectory:
    """A directory of sockets."""

    path: Path
    sessions: str
    """The folder in it with a socket for each session."""

    @property
    def control_socket(self) -> Path:
        """Where a service takes wishes to join."""
        return self.path / _CONTROL

    def session_socket(self, interface: str) -> Path:
        """Where the session of an interface can be asked."""
        return self.path / self.sessions / f"{interface}.sock"

    def session_sockets(self) -> list[Path]:
        """Return every session's socket, by the interfaces' names."""
        try:
            return sorted((self.path / self.sessions).glob("*.sock"))
        except OSError:
            return []

    def make(self) -> None:
        """Make what is missing; others may look, and ask where a socket lets them.

        Raises `CommandFailed`.
        """
        folder = self.path / self.sessions
        try:
            for directory in (self.path, folder):
                if not directory.exists():
                    directory.mkdir(parents=True)
                    directory.chmod(_OPEN)  # whatever the umask is
        except OSError as error:
            raise CommandFailed(
                f"Can't make {folder}: {error.strerror}. Name another directory by --runtime-dir."
            ) from error


@dataclass(frozen=True, slots=True, kw_only=True)
class SessionKind:
    """The sessions of one program: where they are found, and what is said if there is none."""

    folder: str
    """In /run, or in the user's own runtime directory ($XDG_RUNTIME_DIR)."""
    sessions: str
    """The folder in it; another for each program, wherever a user has them put."""
    none_runs: str
    """What a person reads who asks where no session runs."""

    def directories(self, chosen: Path | None) -> tuple[RuntimeDirectory, ...]:
        """Return where sessions may be, this user's own directory first."""
        if chosen is not None:
            return (self._at(chosen),)
        own = os.environ.get("XDG_RUNTIME_DIR")
        system = self._at(_SYSTEM / self.folder)
        if os.geteuid() == 0 or not own:
            return (system,)
        return (self._at(Path(own) / self.folder), system)

    def _at(self, path: Path) -> RuntimeDirectory:
        return RuntimeDirectory(path, self.sessions)
