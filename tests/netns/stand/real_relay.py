"""The real relay in its place on the internet, its API asked from inside."""

import http.client
import json
import sys
from pathlib import Path
from typing import Any, Final

from namespaces import Namespace
from network import RELAY_ADDRESS
from programs import Program, wait_until

__all__ = ["Relay"]

_PROGRAM: Final = Path(sys.executable).with_name("lanparty-relay")
_ADMIN_PORT: Final = 8080
_READY_LIMIT: Final = 20.0


class Relay:
    """`lanparty-relay` with a state directory that survives its restarts."""

    def __init__(
        self, machine: Namespace, folder: Path, *options: str, host: str = RELAY_ADDRESS
    ) -> None:
        """Start it in a new `folder`, with more `options` of its, and wait until it is ready.

        `host` is the machine's address.
        """
        self.host: Final = host
        self._machine: Final = machine
        self._folder: Final = folder
        self._options: Final = options
        self._starts = 0
        folder.mkdir()
        self.start()

    @property
    def pin(self) -> str:
        """The pin of its certificate."""
        return (self._folder / "state/pin").read_text().strip()

    @property
    def dial_options(self) -> tuple[str, ...]:
        """What a player's command line needs to reach it."""
        return (f"--relay={self.host}:443", f"--pin={self.pin}")

    @property
    def program(self) -> Program:
        """The running process."""
        return self._program

    def start(self) -> None:
        """Start it, again after `stop` or `kill`, and wait until it is ready."""
        self._starts += 1
        self._program = self._machine.start(
            _PROGRAM,
            f"--listen={self.host}:443",
            f"--admin=127.0.0.1:{_ADMIN_PORT}",
            f"--state-dir={self._folder / 'state'}",
            "--joins-per-minute=0",
            *self._options,
            log=self._folder / f"relay-{self._starts}.log",
        )
        self._program.wait_for(self._is_ready, "the relay is ready", limit=_READY_LIMIT)

    def stop(self) -> None:
        """Stop it cleanly."""
        self._program.terminate()

    def kill(self) -> None:
        """Kill it: nobody is told; its admin process goes by itself, and the port with it."""
        self._program.kill()
        wait_until(lambda: not self._answers(), "the relay's API is gone", limit=_READY_LIMIT)

    def close(self) -> None:
        """See that it is gone."""
        self._program.close()

    def api(self, path: str) -> Any:  # Any: JSON
        """Ask its API, such as `/api/v1/rooms`."""
        status, body = self._ask(path)
        assert status == http.client.OK, body
        return json.loads(body)

    def _is_ready(self) -> bool:
        try:
            return self._ask("/readyz")[0] == http.client.OK
        except OSError:
            return False

    def _answers(self) -> bool:
        try:
            self._ask("/healthz")
        except OSError:
            return False
        return True

    def _ask(self, path: str) -> tuple[int, bytes]:
        connection = http.client.HTTPConnection("127.0.0.1", _ADMIN_PORT, timeout=5)
        token = self._folder / "state/admin-token"
        headers = {}
        if token.exists():
            headers["Authorization"] = f"Bearer {token.read_text().strip()}"
        try:
            with self._machine.entered():
                connection.connect()
            connection.request("GET", path, headers=headers)
            answer = connection.getresponse()
            return answer.status, answer.read()
        finally:
            connection.close()
