"""What setup-host has changed, in a file: a shell.

It lies in /run, which is emptied by a restart of the computer, as is what it tells of.
"""

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from lanparty_gateway.host.picture import HostPicture

__all__ = ["RECORD", "Record", "RecordError", "RecordFile"]

RECORD: Final = Path("/run/softlan-host/bridge.json")


class RecordError(Exception):
    """The file can't be read or written; the text says why."""


@dataclass(frozen=True, slots=True)
class Record:
    """What was there before, and whether the setup came to its end."""

    picture: HostPicture
    complete: bool


class RecordFile:
    """The file. Every method raises `RecordError`."""

    def __init__(self, path: Path = RECORD) -> None:
        self._path = path

    def read(self) -> Record | None:
        """Return what it says; None if nothing is set up."""
        try:
            values = json.loads(self._path.read_text())
            return Record(HostPicture.from_dict(values["before"]), values["complete"] is True)
        except FileNotFoundError:
            return None
        except (OSError, ValueError, TypeError, KeyError) as error:
            raise RecordError(f"{self._path} can't be read: {error}") from error

    def write(self, record: Record) -> None:
        """Write it, whole or not at all."""
        beside = self._path.with_suffix(".new")
        text = json.dumps({"complete": record.complete, "before": record.picture.to_dict()})
        try:
            self._path.parent.mkdir(parents=True, exist_ok=True)
            beside.write_text(text + "\n")
            beside.replace(self._path)
        except OSError as error:
            raise RecordError(f"{self._path} can't be written: {error.strerror}") from error

    def remove(self) -> None:
        """Forget it."""
        try:
            self._path.unlink(missing_ok=True)
        except OSError as error:
            raise RecordError(f"{self._path} can't be removed: {error.strerror}") from error
