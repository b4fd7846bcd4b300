"""Tells NetworkManager and systemd-networkd that the room's interface isn't theirs.

Left to themselves they may take the new interface for a network card: ask for an address, set a
default route and DNS from the room, or take softlan's addresses away. Both read drop-in files
under /run, which a restart of the machine empties.
"""

import asyncio
import shutil
import socket
from collections.abc import Collection
from dataclasses import dataclass
from pathlib import Path
from typing import Final

__all__ = ["drop_ins", "leave_alone", "remove_abandoned_drop_ins", "take_back"]

_RUN: Final = Path("/run")
_ETC: Final = Path("/etc")
_COMMAND_SECONDS: Final = 5.0
"""A service that doesn't answer within this is left to find the file later."""


@dataclass(frozen=True, slots=True, kw_only=True)
class _Service:
    """A program that configures interfaces, and how it is told to leave one alone."""

    name: str
    """As systemd's unit is named."""
    running: str
    """What exists under /run while it runs."""
    folder: str
    prefix: str
    suffix: str
    text: str
    reload: tuple[str, ...]

    def drop_in(self, interface: str, run: Path) -> Path:
        return run / self.folder / f"{self.prefix}{interface}{self.suffix}"


_SERVICES: Final = (
    _Service(
        name="NetworkManager",
        running="NetworkManager",
        folder="NetworkManager/conf.d",
        prefix="90-softlan-",
        suffix=".conf",
        # A section of its own: a list [keyfile] unmanaged-devices of the administrator's would
        # take the place of an entry added there.
        text="[device-softlan-{interface}]\nmatch-device=interface-name:={interface}\nmanaged=0\n",
        reload=("nmcli", "general", "reload", "conf"),
    ),
    _Service(
        name="systemd-networkd",
        running="systemd/netif/state",
        folder="systemd/network",
        prefix="10-softlan-",
        suffix=".network",
        text="[Match]\nName={interface}\n\n[Link]\nUnmanaged=yes\n",
        reload=("networkctl", "reload"),
    ),
)


async def leave_alone(interface: str, *, run: Path = _RUN, etc: Path = _ETC) -> tuple[str, ...]:
    """Tell each service that runs, best before the interface is made.

    Nothing is to be told where an administrator, or `lanparty-client setup`, did so in `etc`.
    Returns a sentence for each that can't be told, as without root.
    """
    notices = []
    for service in _SERVICES:
        if not (run / service.running).exists() or service.drop_in(interface, etc).exists():
            continue
        drop_in = service.drop_in(interface, run)
        text = service.text.format(interface=interface)
        try:
            if drop_in.is_file() and drop_in.read_text() == text:
                continue
            drop_in.parent.mkdir(parents=True, exist_ok=True)
            drop_in.write_text(text)
        except OSError:
            notices.append(
                f"{service.name} can't be told to leave {interface} alone: {drop_in} is not "
                f"writable. If the interface loses its address, tell {service.name} yourself."
            )
            continue
        if not await _reload(service):
            notices.append(
                f"{service.name} doesn't read that it is to leave {interface} alone. If the "
                f"interface loses its address, run `{' '.join(service.reload)}` as root."
            )
    return tuple(notices)


def drop_ins(interface: str, directory: Path) -> dict[Path, str]:
    """Return the files that tell every service known, for `directory` in place of /run."""
    return {
        service.drop_in(interface, directory): service.text.format(interface=interface)
        for service in _SERVICES
    }


async def take_back(interface: str, *, run: Path = _RUN) -> None:
    """Remove what `leave_alone` wrote, after the interface is gone.

    While there is an interface of that name the files are its owner's and stay: another room that
    was refused the name doesn't take them away.
    """
    if _exists(interface):
        return
    for service in _SERVICES:
        if _removed(service.drop_in(interface, run)):
            await _reload(service)


async def remove_abandoned_drop_ins(interfaces: Collection[str], *, run: Path = _RUN) -> None:
    """Remove softlan's files for interfaces that aren't among `interfaces`, the existing ones."""
    for service in _SERVICES:
        pattern = service.drop_in("*", run)
        for drop_in in pattern.parent.glob(pattern.name):
            name = drop_in.name.removeprefix(service.prefix).removesuffix(service.suffix)
            if name not in interfaces and _removed(drop_in):
                await _reload(service)


def _exists(interface: str) -> bool:
    try:
        socket.if_nametoindex(interface)
    except OSError:
        return False
    return True


def _removed(drop_in: Path) -> bool:
    try:
        drop_in.unlink()
    except OSError:
        return False
    return True


async def _reload(service: _Service) -> bool:
    """Have the service read its files again; False if it runs and didn't.

    That it doesn't run after all is no failure: its folder under /run may outlive it.
    """
    is_active = ("systemctl", "is-active", "--quiet", service.name)
    return await _succeeds(service.reload) or not await _succeeds(is_active)


async def _succeeds(command: tuple[str, ...]) -> bool:
    program = shutil.which(command[0])
    if program is None:
        return False
    nowhere = asyncio.subprocess.DEVNULL
    process = await asyncio.create_subprocess_exec(
        program, *command[1:], stdin=nowhere, stdout=nowhere, stderr=nowhere
    )
    try:
        async with asyncio.timeout(_COMMAND_SECONDS):
            return await process.wait() == 0
    except TimeoutError:
        return False
    finally:
        if process.returncode is None:
            process.kill()
            await process.wait()
