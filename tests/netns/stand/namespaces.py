"""Network namespaces with a name that says which process made them, removed with all they hold.

A name is `slh-<pid>-<what>`: two test runs, or two workers of one, never meet, and what a killed
run has left is found by its dead process id and removed at the next start.
"""

import ctypes
import os
import signal
import subprocess
import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from itertools import count
from pathlib import Path
from typing import Final

from programs import Program

__all__ = ["Namespace", "lacking_for_namespaces", "link", "remove_abandoned"]

_PREFIX: Final = "slh-"
_MOUNTS: Final = Path("/run/netns")
_CLONE_NEWNET: Final = 0x40000000
"""sched.h: the kind of namespace that setns(2) is to change."""

_COMMAND_LIMIT: Final = 30.0
_numbers: Final = count(1)
_libc: Final = ctypes.CDLL(None, use_errno=True)


class Namespace:
    """One machine of a test network: interfaces, routes and firewall of its own."""

    def __init__(self, what: str) -> None:
        """Make it, with loopback up; `what` is for people who look at `ip netns`."""
        self.name: Final = f"{_PREFIX}{os.getpid()}-{next(_numbers)}-{what}"
        self._programs: Final[list[Program]] = []
        _run(("ip", "netns", "add", self.name))
        self.ip("link", "set", "lo", "up")

    def ip(self, *arguments: str | int) -> str:
        """Run iproute2's `ip` for this namespace, and return what it printed."""
        return _run(("ip", "-n", self.name, *map(str, arguments)), errors_apart=True)

    def nft(self, rules: str) -> None:
        """Load nftables rules."""
        self.run("nft", "-f", "-", typed=rules)

    def set_sysctl(self, name: str, value: int) -> None:
        """Set a value under net, such as `ipv4.ip_forward`."""
        self.run("sysctl", "-qw", f"net.{name}={value}")

    def run(
        self,
        *command: str | Path,
        check: bool = True,
        typed: str | None = None,
        limit: float = _COMMAND_LIMIT,
    ) -> str:
        """Run a program inside to its end; return what it printed, errors included."""
        return _run(self.inside_command(command), check=check, typed=typed, limit=limit)

    def start(
        self,
        *command: str | Path,
        log: Path,
        environment: Mapping[str, str] | None = None,
    ) -> Program:
        """Start a program inside; what it prints goes to a new file, `log`."""
        program = Program(self.inside_command(command), log, environment=environment)
        self._programs.append(program)
        return program

    def inside_command(self, command: tuple[str | Path, ...]) -> tuple[str | Path, ...]:
        """Return the command line that runs `command` in here, as the same process."""
        return ("ip", "netns", "exec", self.name, *command)

    @contextmanager
    def entered(self) -> Iterator[None]:
        """Be inside with this thread: a socket that is made here stays here afterwards."""
        own = Path(f"/proc/self/task/{threading.get_native_id()}/ns/net")
        with own.open() as outside, (_MOUNTS / self.name).open() as inside:
            _set_namespace(inside.fileno())
            try:
                yield
            finally:
                _set_namespace(outside.fileno())

    def interfaces(self) -> set[str]:
        """Name the interfaces that are here now."""
        return {
            line.split(": ")[1].partition("@")[0] for line in self.ip("-o", "link").splitlines()
        }

    def remove(self) -> None:
        """End what still runs inside, and remove it with its interfaces."""
        for program in self._programs:
            program.close()
        _remove(self.name)


def link(near: Namespace, near_name: str, far: Namespace, far_name: str) -> None:
    """Lay a cable: a pair of virtual Ethernet interfaces, both up."""
    near.ip(
        *("link", "add", near_name, "type", "veth"),
        *("peer", "name", far_name, "netns", far.name),
    )
    for end, name in ((near, near_name), (far, far_name)):
        # The machine has been up for long: no address of its becomes valid only a second later.
        end.set_sysctl(f"ipv6.conf.{name}.accept_dad", 0)
        end.ip("link", "set", name, "up")


def remove_abandoned() -> None:
    """Remove what runs that were killed have left behind."""
    if not _MOUNTS.is_dir():
        return
    for mount in _MOUNTS.iterdir():
        _, _, rest = mount.name.partition(_PREFIX)
        process_id = rest.partition("-")[0]
        if (
            mount.name.startswith(_PREFIX)
            and process_id.isdecimal()
            and not Path("/proc", process_id).exists()
        ):
            _remove(mount.name)


def lacking_for_namespaces() -> str | None:
    """Return what is missing for namespaces here, as a sentence; None if all is there."""
    if os.geteuid() != 0:
        return "network namespaces need root: run `make test` as root"
    try:
        probe = Namespace("probe")
    except (OSError, CommandFailedError) as error:
        return f"no network namespace can be made here: {error}"
    probe.remove()
    return None


class CommandFailedError(Exception):
    """A command of the test stand failed; the text has what it printed."""


def _run(
    command: tuple[str | Path, ...],
    *,
    check: bool = True,
    typed: str | None = None,
    limit: float = _COMMAND_LIMIT,
    errors_apart: bool = False,
) -> str:
    ended = subprocess.run(
        command,
        input=typed or "",
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE if errors_apart else subprocess.STDOUT,
        text=True,
        timeout=limit,
        check=False,
    )
    if check and ended.returncode:
        line = " ".join(map(str, command))
        printed = ended.stdout + (ended.stderr or "")
        raise CommandFailedError(f"{line}: exit code {ended.returncode}\n{printed}")
    return ended.stdout


def _remove(name: str) -> None:
    for process_id in _run(("ip", "netns", "pids", name), check=False).split():
        with suppress(ProcessLookupError, ValueError):
            os.kill(int(process_id), signal.SIGKILL)
    _run(("ip", "netns", "delete", name), check=False)


def _set_namespace(descriptor: int) -> None:
    if _libc.setns(descriptor, _CLONE_NEWNET):
        number = ctypes.get_errno()
        raise OSError(number, os.strerror(number))
