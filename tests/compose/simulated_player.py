"""`lanparty-sim join` on the host: a player that comes in through the published port."""

import json
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Final

from waiting import wait_until

__all__ = ["SimulatedPlayer", "simulated_player"]

_SIM: Final = Path(sys.executable).with_name("lanparty-sim")
_JOIN_LIMIT: Final = 15.0
_END_LIMIT: Final = 15.0


class SimulatedPlayer:
    """A running player and the events that it printed."""

    def __init__(self, process: subprocess.Popen[bytes], output: Path) -> None:
        self._process: Final = process
        self._output: Final = output

    def events(self) -> list[dict[str, Any]]:
        """Return what it told, so far."""
        whole, _, _ = self._output.read_text().rpartition("\n")
        return [json.loads(line) for line in whole.splitlines() if line.startswith("{")]

    def wait_joined(self) -> dict[str, Any]:
        """Wait until it is in its room, and return what the relay granted."""

        def joined() -> dict[str, Any] | None:
            assert self.is_running, self._output.read_text()
            return next((event for event in self.events() if event["event"] == "joined"), None)

        found = wait_until(joined, "the player is in its room", limit=_JOIN_LIMIT)
        assert found is not None
        return found

    @property
    def is_running(self) -> bool:
        """Whether it is still there."""
        return self._process.poll() is None

    def leave(self) -> int:
        """Send it away as Ctrl-C does, and return its exit code."""
        self._process.send_signal(signal.SIGINT)
        return self.wait_ended()

    def wait_ended(self) -> int:
        """Wait until it goes by itself, and return its exit code."""
        return self._process.wait(_END_LIMIT)


@contextmanager
def simulated_player(folder: Path, *options: str) -> Iterator[SimulatedPlayer]:
    """Start a player with further options of `join`; its output is kept in `folder`."""
    output = folder / "player.jsonl"
    with output.open("wb") as file:
        process = subprocess.Popen(
            [_SIM, "join", "--json", *options],
            stdin=subprocess.DEVNULL,
            stdout=file,
            stderr=subprocess.STDOUT,
        )
    try:
        yield SimulatedPlayer(process, output)
    finally:
        process.kill()
        process.wait()
