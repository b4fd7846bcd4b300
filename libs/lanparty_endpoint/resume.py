"""Resume tokens on disk: one file for each relay and room, for this user alone, under a lock.

A token lets an endpoint that lost its connection, or was started again, take its old place in the
room at once (docs/protocol.md, "Resume"). Whoever has it can take that place too, so the file has
mode 0600. The lock is held for as long as the endpoint is in the room: a second process that wants
the same place is told so before it dials, instead of throwing the first one out.
"""

import contextlib
import fcntl
import hashlib
import json
import os
import tempfile
from dataclasses import asdict, dataclass
from pathlib import Path
from types import TracebackType
from typing import Final, Self

__all__ = ["AlreadyJoinedError", "ResumeRecord", "ResumeSlot", "ResumeStore", "ResumeStoreError"]

PLACES_LIMIT: Final = 256
"""Places that a directory remembers; beyond them those go that weren't claimed for longest. The
service keeps one for any code that a user types."""

_RECORD_LIMIT: Final = 4_096
"""Bytes. A longer file was not written by this module."""


class ResumeStoreError(Exception):
    """The directory for resume tokens can't be used: the environment's fault. Says which."""


class AlreadyJoinedError(ResumeStoreError):
    """Another process on this machine holds the place in this room."""

    def __init__(self) -> None:
        super().__init__("Another program on this computer has already joined this room.")


@dataclass(frozen=True, slots=True, kw_only=True)
class ResumeRecord:
    """What it takes to come back to the same place: the token, and the MAC it is bound to."""

    token: str | None
    """None after a polite leave: the place is free, the MAC is still this endpoint's."""
    mac: str | None
    """None for a gateway."""


class ResumeStore:
    """A directory of places. Holds no open file itself."""

    def __init__(self, directory: Path) -> None:
        self._directory = directory

    def claim(self, relay: str, room_code: str, *, place: str = "") -> "ResumeSlot":
        """Lock one place and return it; the caller closes it when the endpoint has left.

        `relay` is the host and port as the user named them. `place` tells several endpoints of
        one machine in one room apart; most have no need of it. Raises `AlreadyJoinedError` if
        another claim on it is open, in this process or another, and `ResumeStoreError` if the
        directory can't be used.
        """
        # The code is the room's secret: a listing of the directory must not show it.
        name = hashlib.sha256("\n".join((relay, room_code, place)).encode()).hexdigest()[:32]
        path = self._directory / f"{name}.lock"
        try:
            self._directory.mkdir(mode=0o700, parents=True, exist_ok=True)
            lock = _lock(path)
        except BlockingIOError:
            raise AlreadyJoinedError from None
        except OSError as error:
            raise self._unusable(error) from error
        self._forget_oldest()
        return ResumeSlot(path.with_suffix(".json"), lock)

    def require_usable(self) -> None:
        """Find out now whether a place can be claimed later; raise `ResumeStoreError` if not."""
        try:
            self._directory.mkdir(mode=0o700, parents=True, exist_ok=True)
            with tempfile.TemporaryFile(dir=self._directory):
                pass
        except OSError as error:
            raise self._unusable(error) from error

    def _unusable(self, error: OSError) -> ResumeStoreError:
        return ResumeStoreError(
            f"Can't use {self._directory}: {error.strerror}. Name another directory by --state-dir."
        )

    def _forget_oldest(self) -> None:
        locks: dict[Path, int] = {}
        for path in self._directory.glob("*.lock"):
            with contextlib.suppress(OSError):
                locks[path] = path.stat().st_mtime_ns
        surplus = sorted(locks, key=locks.__getitem__)[: max(0, len(locks) - PLACES_LIMIT)]
        for path in surplus:
            with contextlib.suppress(OSError):  # An endpoint is there, or it went just now.
                lock = _lock(path)
                ResumeSlot(path.with_suffix(".json"), lock).remove()


def _lock(path: Path) -> int:
    """Open and lock a file that may be removed by whoever has it locked.

    Raises `BlockingIOError` if somebody has.
    """
    while True:
        lock = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
            with contextlib.suppress(FileNotFoundError):
                if os.path.samestat(os.fstat(lock), path.stat()):
                    os.utime(lock)  # by which the places that are out of use are found
                    return lock
        except BaseException:
            os.close(lock)
            raise
        os.close(lock)  # It was removed between the two calls: two locks of one name are none.


class ResumeSlot:
    """One claimed place. Usable until `close`, also as a context manager.

    A lock file is removed by nobody but who has it locked; see `_lock`.
    """

    def __init__(self, path: Path, lock: int) -> None:
        self._path = path
        self._lock: int | None = lock

    def load(self) -> ResumeRecord | None:
        """Read the record; None if there is none that this module could have written."""
        try:
            with self._path.open("rb") as file:
                fields = json.loads(file.read(_RECORD_LIMIT))
        except (OSError, ValueError):
            return None
        match fields:
            case {"token": str() | None as token, "mac": str() | None as mac}:
                return ResumeRecord(token=token, mac=mac)
        return None

    def save(self, record: ResumeRecord) -> None:
        """Replace the record: a reader, or a crash, sees the old one or the new one.

        Raises `ResumeStoreError` when the disk refuses; the old record is still there then.
        """
        beside = self._path.with_suffix(".new")
        try:
            descriptor = os.open(
                beside, os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_CLOEXEC, 0o600
            )
            with open(descriptor, "w", encoding="utf-8") as file:
                json.dump(asdict(record), file)
                file.flush()
                os.fsync(file.fileno())
            beside.replace(self._path)
        except OSError as error:
            raise ResumeStoreError(f"Can't write {self._path}: {error.strerror}.") from error

    def forget_token(self) -> None:
        """Give up the place, but keep the MAC for the next time in this room.

        Raises `ResumeStoreError` when the disk refuses.
        """
        record = self.load()
        if record is not None and record.token is not None:
            self.save(ResumeRecord(token=None, mac=record.mac))

    def clear(self) -> None:
        """Forget the record, after a polite leave or when the relay said that it is over."""
        with contextlib.suppress(OSError):
            self._path.unlink(missing_ok=True)

    def close(self) -> None:
        """Release the lock. The record, if there is one, stays for the next claim."""
        if self._lock is None:
            return
        if not self._path.exists():
            self.remove()  # It was claimed in vain: nothing is to be remembered of it.
            return
        os.close(self._lock)
        self._lock = None

    def remove(self) -> None:
        """Forget the place, with its MAC, and release the lock."""
        if self._lock is None:
            return
        for path in (self._path, self._path.with_suffix(".lock")):
            with contextlib.suppress(OSError):
                path.unlink(missing_ok=True)
        os.close(self._lock)
        self._lock = None

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self.close()
