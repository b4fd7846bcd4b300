import io
import sys
from collections.abc import Callable, Iterator
from contextlib import nullcontext, redirect_stdout
from pathlib import Path
from typing import TextIO

import pytest

from lanparty_command import abandon_output, output_guarded


class ClosedPipe(io.StringIO):
    """A stdout that nobody reads."""

    def __init__(self, nowhere: io.FileIO) -> None:
        super().__init__()
        self._nowhere = nowhere

    def write(self, text: str) -> int:
        raise BrokenPipeError(32, "Broken pipe")

    def fileno(self) -> int:
        return self._nowhere.fileno()


@pytest.fixture
def full() -> Iterator[TextIO]:
    """Takes nothing: it is full."""
    with io.TextIOWrapper(io.FileIO("/dev/full", "w"), write_through=True) as stream:
        yield stream


@pytest.fixture
def closed() -> Iterator[TextIO]:
    """Takes nothing: nobody reads it."""
    with io.FileIO("/dev/null", "w") as nowhere:
        yield ClosedPipe(nowhere)


def prints() -> int:
    print("something")
    return 0


def prints_and_leaves() -> int:
    try:
        print("something")
    except OSError:
        sys.exit(1)
    return 0


def guarded(run: Callable[[], int], stdout: TextIO | None = None) -> int:
    with redirect_stdout(stdout) if stdout else nullcontext():
        return output_guarded(run, name="serve", failure=7)


def test_what_is_printed_arrives(capsys: pytest.CaptureFixture[str]) -> None:
    assert guarded(prints) == 0
    assert capsys.readouterr().out == "something\n"


def test_a_full_disk_is_said_in_one_line(full: TextIO, capsys: pytest.CaptureFixture[str]) -> None:
    assert guarded(prints, full) == 7
    said = capsys.readouterr().err
    assert said == "serve: the output can't be written: No space left on device.\n"


@pytest.mark.parametrize("run", [prints, prints_and_leaves])
def test_whoever_closed_the_pipe_reads_nothing_of_it(
    closed: TextIO, capsys: pytest.CaptureFixture[str], run: Callable[[], int]
) -> None:
    assert guarded(run, closed) == 7
    assert capsys.readouterr().err == ""


def test_a_failure_elsewhere_stays_loud(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError):
        guarded(lambda: len((tmp_path / "absent").read_text()))
    with pytest.raises(SystemExit):
        guarded(lambda: sys.exit(3))


def test_without_a_stdout_a_program_runs(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "stdout", None)
    assert guarded(prints) == 0


def test_output_that_was_abandoned_fails_no_more(full: TextIO) -> None:
    def goes_on() -> int:
        with pytest.raises(OSError, match="No space left"):
            print("something")
        abandon_output()
        return prints()

    assert guarded(goes_on, full) == 0
