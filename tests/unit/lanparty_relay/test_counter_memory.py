import mmap
import os
from pathlib import Path

import pytest

from lanparty_relay.counter_memory import CounterMemory


@pytest.fixture(params=["kernel", "file"])
def without_memfd(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    if request.param == "file":
        monkeypatch.delattr(os, "memfd_create", raising=False)


@pytest.mark.usefixtures("without_memfd")
def test_who_has_the_descriptor_reads_what_is_counted(tmp_path: Path) -> None:
    with CounterMemory(3, directory=tmp_path) as memory:
        memory.slots[65] = 2**63
        with mmap.mmap(memory.descriptor, 3 * 512, prot=mmap.PROT_READ) as other:
            assert int.from_bytes(other[520:528], "little") == 2**63


@pytest.mark.usefixtures("without_memfd")
def test_nothing_is_left_in_the_directory(tmp_path: Path) -> None:
    with CounterMemory(3, directory=tmp_path) as memory:
        assert len(memory.slots) == 3 * 64
        assert not any(memory.slots)
        assert list(tmp_path.iterdir()) == []
    with pytest.raises(OSError, match="Bad file descriptor"):
        os.fstat(memory.descriptor)
