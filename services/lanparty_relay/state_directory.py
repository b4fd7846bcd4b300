"""The relay's state directory: files that outlive it, written whole or not at all."""

import contextlib
import fcntl
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Final

from lanparty_command import CommandFailed

__all__ = ["StateDirectory"]

_SECRET: Final = 0o600
_PUBLIC: Final = 0o644


class StateDirectory:
    """A directory that one relay uses at a time.

    Every method raises `CommandFailed`, in the operator's words, when the system refuses.
    """

    def __init__(self, path: Path) -> None:
        self.path: Final = path

    @contextmanager
    def held(self) -> Iterator[None]:
        """Make the directory if it is missing, and hold its lock inside the block."""
        with self._explained("used"):
            self.path.mkdir(mode=0o700, parents=True, exist_ok=True)
            lock = os.open(self.path / "lock", os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, _SECRET)
        try:
            self._lock(lock)
            yield
        finally:
            os.close(lock)

    def _lock(self, descriptor: int) -> None:
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise CommandFailed(
                f"another relay uses {self.path}: stop it, or give this one its own --state-dir"
            ) from None

    def read(self, name: str, *, secret: bool = False) -> bytes | None:
        """Return the file's content, or None if there is no such file.

        A secret that others may read, restored from a backup perhaps, becomes its owner's alone.
        """
        with self._explained("read", name):
            try:
                with (self.path / name).open("rb") as file:
                    if secret and os.fstat(file.fileno()).st_mode & ~_SECRET & 0o777:
                        os.fchmod(file.fileno(), _SECRET)
                    return file.read()
            except FileNotFoundError:
                return None

    def write(self, name: str, content: bytes, *, secret: bool = False) -> Path:
        """Put a file in place in one step, for its owner alone if it is secret."""
        target = self.path / name
        passing = self.path / f".{name}.{os.getpid()}"
        with self._explained("written", name):
            try:
                flags = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC
                with open(os.open(passing, flags, _SECRET), "wb") as file:
                    file.write(content)
                    file.flush()
                    os.fchmod(file.fileno(), _SECRET if secret else _PUBLIC)
                    os.fsync(file.fileno())
                passing.replace(target)
            except OSError:
                with contextlib.suppress(OSError):
                    passing.unlink()
                raise
        return target

    def set_aside(self, name: str) -> Path:
        """Move a file that is of no use out of the way, over an earlier one; return where it is."""
        aside = self.path / f"{name}.damaged"
        with self._explained("moved", name):
            (self.path / name).replace(aside)
        return aside

    def _explained(self, done: str, name: str = "") -> "contextlib.AbstractContextManager[None]":
        return _explained(self.path / name, done)


@contextmanager
def _explained(path: Path, done: str) -> Iterator[None]:
    try:
        yield
    except OSError as error:
        raise CommandFailed(
            f"{path} can't be {done}: {error.strerror or error}. "
            "Give a directory that this user may write with --state-dir DIR"
        ) from error
