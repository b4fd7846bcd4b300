import os
import pty
import sys
import termios
from pathlib import Path

import pytest

from lanparty_endpoint.still_keyboard import still_keyboard

SCRIPT = """
import sys, termios
from lanparty_endpoint.still_keyboard import still_keyboard
echoes = lambda: bool(termios.tcgetattr(0)[3] & termios.ECHO)
seen = [echoes()]
with still_keyboard():
    seen.append(echoes())
seen.append(echoes())
print(seen)
"""


def test_the_terminal_echoes_nothing_meanwhile_and_again_after() -> None:
    process, terminal = pty.fork()
    if process == 0:
        os.execv(sys.executable, [sys.executable, "-c", SCRIPT])
    printed = b""
    try:
        while part := os.read(terminal, 1_024):
            printed += part
    except OSError:  # the terminal's way to say that the other end is closed
        pass
    finally:
        os.close(terminal)
    assert os.waitpid(process, 0)[1] == 0
    assert printed.strip() == b"[True, False, True]"


def test_without_a_terminal_nothing_is_changed(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    (tmp_path / "input").touch()
    with (tmp_path / "input").open() as no_terminal:
        monkeypatch.setattr(sys, "stdin", no_terminal)
        with still_keyboard():
            pass
    with still_keyboard():  # it is closed now
        pass
    monkeypatch.setattr(sys, "stdin", None)
    with still_keyboard():
        pass


def test_the_settings_of_a_terminal_in_the_background_stay(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    ours, theirs = pty.openpty()  # not this process's controlling terminal
    with open(theirs) as terminal:
        monkeypatch.setattr(sys, "stdin", terminal)
        before = termios.tcgetattr(theirs)
        with still_keyboard():
            assert termios.tcgetattr(theirs) == before
    os.close(ours)
