"""The real `lanparty-gateway` on a machine of a LAN: an ordinary user with CAP_NET_RAW alone."""

import json
import os
import signal
import sys
import tempfile
from pathlib import Path
from typing import Any, Final

from namespaces import Namespace
from programs import Program
from real_relay import Relay

__all__ = ["GATEWAY", "GATEWAY_USER", "Gateway", "as_gateway_user"]

GATEWAY: Final = Path(sys.executable).with_name("lanparty-gateway")
GATEWAY_USER: Final = 20_021
_JOIN_LIMIT: Final = 20.0
_TICKS_PER_SECOND: Final = os.sysconf("SC_CLK_TCK")
_CPU_FIELDS: Final = slice(11, 13)
"""utime and stime among the fields of /proc/PID/stat behind the name: proc(5)."""


def as_gateway_user(*capabilities: str) -> tuple[str, ...]:
    """Return the command that becomes the gateway's user with these capabilities alone."""
    only = ",".join(("-all", *(f"+{name}" for name in capabilities)))
    return (
        *("setpriv", f"--reuid={GATEWAY_USER}", f"--regid={GATEWAY_USER}", "--clear-groups"),
        *(f"--inh-caps={only}", f"--ambient-caps={only}", f"--bounding-set={only}"),
        "--no-new-privs",
    )


class Gateway:
    """A gateway's program. Its state outlives its processes: `join` may be called again."""

    def __init__(
        self, machine: Namespace, relay: Relay, name: str = "gateway", *, interface: str = "eth0"
    ) -> None:
        """Prepare a gateway on a machine, between its interface and rooms of a relay."""
        self.machine: Final = machine
        self.name: Final = name
        self.interface: Final = interface
        self._relay: Final = relay
        # Tests' own folders are only for who runs the tests.
        self._holder: Final = tempfile.TemporaryDirectory(prefix="softlan-gateway-")
        self._folder: Final = Path(self._holder.name)
        self._folder.chmod(0o755)
        for part in ("state", "run"):
            (self._folder / part).mkdir(mode=0o700)
            os.chown(self._folder / part, GATEWAY_USER, GATEWAY_USER)
        self._starts = 0
        self._commands = 0

    def start(self, *options: str, capabilities: tuple[str, ...] = ("net_raw",)) -> Program:
        """Start it with further options, without waiting for anything."""
        self._starts += 1
        self._program = self.machine.start(
            *as_gateway_user(*capabilities),
            *(GATEWAY, f"--interface={self.interface}", "--json", f"--name={self.name}"),
            *self._relay.dial_options,
            *options,
            log=self._folder / f"gateway-{self._starts}.jsonl",
            environment=self._environment,
        )
        return self._program

    def join(self, room: str, *options: str, limit: float = _JOIN_LIMIT) -> dict[str, Any]:
        """Bridge into a room, made if it isn't there; return the event that says so."""
        self.start(f"--room={room}", "--create", *options)
        return self.wait_joined(limit=limit)

    def wait_joined(self, *, limit: float = _JOIN_LIMIT) -> dict[str, Any]:  # Any: JSON
        """Wait until the running program says that it has joined."""
        return self.program.wait_for_event("joined", limit=limit)

    @property
    def program(self) -> Program:
        """The process that was started last."""
        return self._program

    def run(
        self,
        *arguments: str,
        capabilities: tuple[str, ...] = ("net_raw",),
        limit: float = 30.0,
    ) -> tuple[int, str]:
        """Run a command of the same gateway to its end; return exit code and what it printed."""
        self._commands += 1
        program = self.machine.start(
            *as_gateway_user(*capabilities),
            GATEWAY,
            *arguments,
            log=self._folder / f"command-{self._commands}.log",
            environment=self._environment,
        )
        code = program.wait_ended(limit)
        return code, program.text + program.error_text

    def status(self) -> dict[str, Any]:  # Any: the program's JSON
        """Ask the running gateway for its status."""
        code, printed = self.run("status", "--json")
        assert code == 0, f"{printed}\n{self.program.tail()}"
        told: dict[str, Any] = json.loads(printed)["sessions"][0]
        return told

    def is_promiscuous(self) -> bool:
        """Whether the kernel has its interface take what is for others."""
        printed = self.machine.ip("-d", "link", "show", "dev", self.interface)
        return "promiscuity 0 " not in printed

    def freeze(self) -> None:
        """Let it stand still, as a machine that hangs."""
        os.kill(self.program.process_id, signal.SIGSTOP)

    def thaw(self) -> None:
        """Take `freeze` back."""
        os.kill(self.program.process_id, signal.SIGCONT)

    def cpu_seconds(self) -> float:
        """Return how much CPU its process has used so far."""
        stat = Path("/proc", str(self.program.process_id), "stat").read_text()
        ticks = stat.rpartition(")")[2].split()[_CPU_FIELDS]
        return sum(map(int, ticks)) / _TICKS_PER_SECOND

    def resident_bytes(self) -> int:
        """Return how much memory its process has in RAM."""
        statm = Path("/proc", str(self.program.process_id), "statm").read_text()
        return int(statm.split()[1]) * os.sysconf("SC_PAGE_SIZE")

    def terminate(self) -> int:
        """End it as a container's engine does, and return the exit code."""
        return self.program.terminate()

    def close(self) -> None:
        """See that it is gone."""
        if self._starts:
            self._program.close()
        self._holder.cleanup()

    @property
    def _environment(self) -> dict[str, str]:
        return {
            "LANPARTY_STATE_DIR": str(self._folder / "state"),
            "LANPARTY_RUNTIME_DIR": str(self._folder / "run"),
            "HOME": "/nonexistent",
        }
