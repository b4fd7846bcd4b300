"""Memory that the relay counts in and the admin process reads, by an inherited descriptor."""

import mmap
import os
import tempfile
from pathlib import Path
from types import TracebackType
from typing import Final, Self

from lanparty_obs.counters import SLOTS_PER_BLOCK

__all__ = ["SLOT_BYTES", "CounterMemory"]

SLOT_BYTES: Final = 8


class CounterMemory:
    """Zeroed shared memory for `blocks` counter blocks. Close it after the last use of `slots`."""

    def __init__(self, blocks: int, *, directory: Path) -> None:
        """Take anonymous memory of the kernel, or where it has none a file in `directory`."""
        self.blocks: Final = blocks
        size = blocks * SLOTS_PER_BLOCK * SLOT_BYTES
        self.descriptor: Final = _descriptor(directory)
        os.ftruncate(self.descriptor, size)
        self._map = mmap.mmap(self.descriptor, size)
        self._bytes = memoryview(self._map)
        self.slots: Final = self._bytes.cast("Q")
        """The counters, as unsigned 64-bit items."""

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()

    def close(self) -> None:
        """Give the memory back."""
        self.slots.release()
        self._bytes.release()
        self._map.close()
        os.close(self.descriptor)


def _descriptor(directory: Path) -> int:
    if hasattr(os, "memfd_create"):
        return os.memfd_create("softlan-counters", os.MFD_CLOEXEC)
    descriptor, name = tempfile.mkstemp(prefix=".counters-", dir=directory)
    # The mapping keeps the file; without a name nothing is left behind, however the relay ends.
    os.unlink(name)
    return descriptor
