"""While lines are redrawn on a terminal, what is typed isn't echoed: it would break them."""

import contextlib
import os
import sys
from collections.abc import Iterator

__all__ = ["still_keyboard"]

if sys.platform == "win32":  # Its console echoes only what a program reads.

    @contextlib.contextmanager
    def still_keyboard() -> Iterator[None]:
        """Do nothing."""
        yield

else:
    import termios

    @contextlib.contextmanager
    def still_keyboard() -> Iterator[None]:
        """Switch the echo off, and drop in the end what was typed; Ctrl-C and Ctrl-Z stay.

        Does nothing without a terminal, or in the background: a job that changes its terminal's
        settings from there is stopped (termios(3)).
        """
        terminal = _own_terminal()
        if terminal is None:
            yield
            return
        before = termios.tcgetattr(terminal)
        still = list(before)
        still[3] &= ~(termios.ECHO | termios.ECHONL)
        termios.tcsetattr(terminal, termios.TCSADRAIN, still)
        try:
            yield
        finally:
            if _own_terminal() == terminal:
                termios.tcsetattr(terminal, termios.TCSAFLUSH, before)

    def _own_terminal() -> int | None:
        """Return stdin if it is a terminal and this process is in its foreground."""
        try:
            terminal = sys.stdin.fileno()
            return terminal if os.tcgetpgrp(terminal) == os.getpgrp() else None
        except (AttributeError, OSError, ValueError):
            return None  # no stdin, a pipe, or one that is closed
