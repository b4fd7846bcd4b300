"""The real `lanparty-client` on a machine of the network, with directories of its own."""

import json
import shutil
import socket
import sys
from dataclasses import dataclass
from ipaddress import IPv4Interface
from pathlib import Path
from typing import Any, Final

from namespaces import Namespace
from programs import Program
from real_relay import Relay

__all__ = ["CLIENT", "Client", "Pair"]

CLIENT: Final = Path(sys.executable).with_name("lanparty-client")
_JOIN_LIMIT: Final = 15.0
_ANSWER_LIMIT: Final = 5.0


class Client:
    """A player's program. Its state outlives its processes: `join` may be called again."""

    def __init__(self, machine: Namespace, relay: Relay, name: str, folder: Path) -> None:
        """Prepare a player `name`; `folder` is made for its state and for what it prints."""
        self.machine: Final = machine
        self.name: Final = name
        self._relay: Final = relay
        self._folder: Final = folder
        self._starts = 0
        self._commands = 0
        folder.mkdir(parents=True)

    @property
    def directories(self) -> dict[str, str]:
        """The variables that keep it apart from other players on this computer."""
        return {
            "LANPARTY_STATE_DIR": str(self._folder / "state"),
            "LANPARTY_RUNTIME_DIR": str(self._folder / "run"),
        }

    @property
    def dial_options(self) -> tuple[str, ...]:
        """The options that lead to its relay."""
        return self._relay.dial_options

    def start(self, *options: str, dial: tuple[str, ...] | None = None) -> Program:
        """Start `join` with further options, without waiting for anything."""
        self._starts += 1
        self._program = self.machine.start(
            *(CLIENT, "join", "--json", f"--name={self.name}"),
            *(self._relay.dial_options if dial is None else dial),
            *options,
            log=self._folder / f"join-{self._starts}.jsonl",
            environment=self.directories,
        )
        return self._program

    def join(self, room: str | None, *options: str, limit: float = _JOIN_LIMIT) -> dict[str, Any]:
        """Join a room, or make one, and return the event that says so."""
        self.start(*(() if room is None else (f"--room={room}",)), *options)
        return self.wait_joined(limit=limit)

    def wait_joined(self, *, limit: float = _JOIN_LIMIT) -> dict[str, Any]:
        """Wait until the running `join` says that it has joined."""
        return self.program.wait_for_event("joined", limit=limit)

    @property
    def program(self) -> Program:
        """The `join` that was started last."""
        return self._program

    @property
    def joined(self) -> dict[str, Any]:  # Any: the program's JSON
        """What the last `join` said when it had joined."""
        return self.program.events("joined")[0]

    @property
    def interface(self) -> str:
        """Its interface in the room."""
        return str(self.joined["interface"])

    @property
    def address(self) -> str:
        """Its address in the room when it joined, without the prefix length."""
        return str(IPv4Interface(self.joined["address"]).ip)

    def copy_state_to(self, other: "Client") -> None:
        """Copy its state directory, as a copied installation of a computer does."""
        shutil.copytree(self._folder / "state", other._folder / "state")  # noqa: SLF001  its kind

    def run(self, *arguments: str, limit: float = 30.0) -> tuple[int, str]:
        """Run a command of the same player to its end; return exit code and what it printed."""
        self._commands += 1
        program = self.machine.start(
            CLIENT,
            *arguments,
            log=self._folder / f"command-{self._commands}.log",
            environment=self.directories,
        )
        code = program.wait_ended(limit)
        return code, program.text + program.error_text

    def diagnostics(self) -> dict[str, Any]:  # Any: the program's JSON
        """Ask the running session for what it knows of itself, over its local socket."""
        place = self._folder / "run/sessions" / f"{self.interface}.sock"
        with socket.socket(socket.AF_UNIX) as asking:
            asking.settimeout(_ANSWER_LIMIT)
            asking.connect(str(place))
            asking.sendall(b'{"request": "diagnostics"}\n')
            with asking.makefile("rb") as answers:
                told = [json.loads(line) for line in answers]
        return next(answer for answer in told if answer["event"] == "diagnostics")

    def leave(self) -> int:
        """Leave as Ctrl-C does, and return the exit code."""
        return self.program.interrupt()

    def close(self) -> None:
        """See that it is gone."""
        if self._starts:
            self._program.close()


@dataclass(frozen=True, slots=True)
class Pair:
    """Two players of one room, behind different NATs."""

    ann: Client
    bob: Client
    room: str

    @property
    def ways(self) -> tuple[tuple[Client, Client], tuple[Client, Client]]:
        """Both directions: from whom to whom."""
        return (self.ann, self.bob), (self.bob, self.ann)
