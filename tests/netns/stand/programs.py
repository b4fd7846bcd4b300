"""A program that runs beside a test: what it prints is kept, what it tells is waited for."""

import json
import os
import signal
import subprocess
import time
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, Final, TypeVar

__all__ = ["Program", "wait_until"]

_END_LIMIT: Final = 15.0
_PAUSE: Final = 0.02
_LOG_TAIL: Final = 4_000

SeenT = TypeVar("SeenT")


class Program:
    """A running program. Whoever started it ends it: `close`, or a `with` statement."""

    def __init__(
        self,
        command: tuple[str | Path, ...],
        log: Path,
        *,
        environment: Mapping[str, str] | None = None,
    ) -> None:
        """Start it; softlan's own settings of the environment stay away from it."""
        self.log: Final = log
        self.errors: Final = log.with_suffix(log.suffix + ".err")
        inherited = {
            name: value for name, value in os.environ.items() if not name.startswith("LANPARTY_")
        }
        with log.open("wb") as printed, self.errors.open("wb") as errors:
            self._process: Final = subprocess.Popen(
                command,
                stdin=subprocess.DEVNULL,
                stdout=printed,
                stderr=errors,
                env={**inherited, "PYTHONUNBUFFERED": "1", **(environment or {})},
                start_new_session=True,
            )

    def __enter__(self) -> "Program":
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    @property
    def process_id(self) -> int:
        """Its process id."""
        return self._process.pid

    @property
    def is_running(self) -> bool:
        """Whether it is still there."""
        return self._process.poll() is None

    @property
    def text(self) -> str:
        """What it has printed so far."""
        return self.log.read_text(errors="replace")

    @property
    def error_text(self) -> str:
        """What it has written to standard error so far."""
        return self.errors.read_text(errors="replace")

    def events(self, kind: str | None = None) -> list[dict[str, Any]]:  # Any: a program's JSON
        """Return the JSON objects that it has printed so far, one a line; those of `kind`."""
        whole, _, _ = self.text.rpartition("\n")
        told = [json.loads(line) for line in whole.splitlines() if line.startswith("{")]
        return [event for event in told if kind is None or event.get("event") == kind]

    def wait_for(
        self, look: Callable[[], SeenT | None], what: str, *, limit: float, pause: float = _PAUSE
    ) -> SeenT:
        """Look until something is seen while it runs; a failure shows what it has printed."""

        def look_while_running() -> SeenT | None:
            seen = look()
            if not seen and not self.is_running:
                raise AssertionError(f"it has ended: {what}\n{self.tail()}")
            return seen

        return wait_until(look_while_running, what, limit=limit, pause=pause, explain=self.tail)

    def wait_for_event(
        self, kind: str, *, limit: float, after: int = 0
    ) -> dict[str, Any]:  # Any: a program's JSON
        """Wait for an event of a kind, the first after so many of them, and return it."""

        def look() -> dict[str, Any] | None:
            told = self.events(kind)
            return told[after] if len(told) > after else None

        return self.wait_for(look, f"event {kind!r} number {after + 1}", limit=limit)

    def wait_for_text(self, text: str, *, limit: float) -> None:
        """Wait until it has printed something, to either output."""
        self.wait_for(
            lambda: text in self.text or text in self.error_text, f"prints {text!r}", limit=limit
        )

    def interrupt(self) -> int:
        """Send it away as Ctrl-C does, and return its exit code."""
        return self._signal(signal.SIGINT)

    def terminate(self) -> int:
        """Ask it to stop, and return its exit code."""
        return self._signal(signal.SIGTERM)

    def kill(self) -> None:
        """End it at once, without a chance to clean up."""
        self._signal(signal.SIGKILL)

    def wait_ended(self, limit: float = _END_LIMIT) -> int:
        """Wait until it goes by itself, and return its exit code."""
        try:
            return self._process.wait(limit)
        except subprocess.TimeoutExpired:
            raise AssertionError(f"still runs after {limit:g} s\n{self.tail()}") from None

    def close(self) -> None:
        """See that it is gone."""
        if self.is_running:
            self._process.kill()
        self._process.wait()

    def tail(self) -> str:
        """Return its command line and the end of what it has printed, for a failure's text."""
        command = " ".join(map(str, self._process.args))  # type: ignore[arg-type]  # a tuple
        return (
            f"--- {command}\n--- printed:\n{self.text[-_LOG_TAIL:]}\n"
            f"--- errors:\n{self.error_text[-_LOG_TAIL:]}"
        )

    def _signal(self, number: int) -> int:
        if self.is_running:
            self._process.send_signal(number)
        return self.wait_ended()


def wait_until(
    look: Callable[[], SeenT | None],
    what: str,
    *,
    limit: float,
    pause: float = _PAUSE,
    explain: Callable[[], str] = str,
) -> SeenT:
    """Look until something is seen, and return it; fail after `limit` seconds and explain."""
    give_up_at = time.monotonic() + limit
    while not (seen := look()):
        if time.monotonic() > give_up_at:
            raise AssertionError(f"not within {limit:g} s: {what}; seen: {seen!r}\n{explain()}")
        time.sleep(pause)
    return seen
