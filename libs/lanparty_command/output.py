"""What is printed when it can't be: nobody reads the pipe any more, or the disk is full."""

import os
import sys
from collections.abc import Callable
from contextlib import redirect_stdout
from typing import Any, TextIO, cast

__all__ = ["abandon_output", "output_guarded"]


def abandon_output() -> None:
    """Let stdout go nowhere from here on, what is still in its buffer as well."""
    nowhere = os.open(os.devnull, os.O_WRONLY)
    os.dup2(nowhere, sys.stdout.fileno())
    os.close(nowhere)


def output_guarded(run: Callable[[], int], *, name: str, failure: int) -> int:
    """Run a program and return its exit code, or `failure` if its output was lost.

    A closed pipe is no news to whoever closed it; any other reason is said on stderr.
    """
    if sys.stdout is None:  # It was closed before the program began: nothing is printed.
        return run()
    watched = _WatchedStream(sys.stdout)
    try:
        with redirect_stdout(cast("TextIO", watched)):
            exit_code = run()
            watched.flush()
    except (OSError, SystemExit):  # click makes a closed pipe the latter
        if watched.failure is None:
            raise
        abandon_output()
        if not isinstance(watched.failure, BrokenPipeError):
            reason = watched.failure.strerror
            print(f"{name}: the output can't be written: {reason}.", file=sys.stderr)
        return failure
    return exit_code


class _WatchedStream:
    """A stream that knows whether an OSError was its own."""

    def __init__(self, stream: TextIO) -> None:
        self._stream = stream
        self.failure: OSError | None = None

    def write(self, text: str) -> int:
        try:
            return self._stream.write(text)
        except OSError as error:
            self.failure = error
            raise

    def flush(self) -> None:
        try:
            self._stream.flush()
        except OSError as error:
            self.failure = error
            raise

    def __getattr__(self, name: str) -> Any:  # Any: whatever the stream has
        return getattr(self._stream, name)
