"""What has come in on an interface, written by tcpdump and judged by it: sizes and checksums."""

import struct
import time
from pathlib import Path
from typing import Final, Self

from namespaces import Namespace

__all__ = ["Capture"]

_START_LIMIT: Final = 10.0
_READ_LIMIT: Final = 120.0
_QUIET: Final = 0.2
_WRONG: Final = ("(incorrect", "[bad ", "bad cksum", "bad hdr", "(wrong icmp6")
_FILE_HEADER: Final = 24
_PACKET_HEADER: Final = struct.Struct("=IIII")
"""Of a classic capture file: seconds, microseconds, bytes kept, bytes on the wire."""


class Capture:
    """Everything that comes in on an interface while the block runs, whole; then its story."""

    def __init__(
        self, tcpdump: str, machine: Namespace, interface: str, file: Path, *filters: str
    ) -> None:
        """Prepare it; `tcpdump` is the program's path, `filters` as in pcap-filter(7)."""
        self._tcpdump: Final = tcpdump
        self._machine: Final = machine
        self._interface: Final = interface
        self._file: Final = file
        self._filters: Final = filters

    def __enter__(self) -> Self:
        self._program = self._machine.start(
            *(self._tcpdump, "-i", self._interface, "-Q", "in", "-s", "0", "-B", "32768"),
            *(
                "-n",
                "-U",
                "--immediate-mode",
                "-Z",
                "root",
                "--time-stamp-precision=micro",
                "-w",
                self._file,
            ),
            *self._filters,
            log=self._file.with_suffix(".log"),
        )
        self._program.wait_for_text("listening on", limit=_START_LIMIT)
        return self

    def __exit__(self, *_: object) -> None:
        # What it has taken but not written yet would be lost.
        size = -1
        while size != (size := self._file.stat().st_size):
            time.sleep(_QUIET)
        self._program.interrupt()

    @property
    def dropped(self) -> int:
        """How many frames tcpdump itself had to leave out."""
        (line,) = (
            one for one in self._program.error_text.splitlines() if "dropped by kernel" in one
        )
        return int(line.split()[0])

    def sizes(self) -> list[int]:
        """Return the frames' sizes in bytes, header included."""
        data = self._file.read_bytes()
        found = []
        at = _FILE_HEADER
        while at + _PACKET_HEADER.size <= len(data):
            _, _, kept, size = _PACKET_HEADER.unpack_from(data, at)
            at += _PACKET_HEADER.size + kept
            found.append(size)
        return found

    def checksums(self) -> tuple[int, list[str]]:
        """Return how many TCP and UDP checksums tcpdump found right, and the lines of the wrong."""
        printed = self._machine.run(
            *(self._tcpdump, "-r", self._file, "-n", "-vv", "-e"), limit=_READ_LIMIT
        )
        lines = printed.splitlines()
        wrong = [line for line in lines if any(sign in line for sign in _WRONG)]
        right = printed.count("(correct)") + printed.count("[udp sum ok]")
        return right, wrong
