"""`lanparty-gateway setup-host`: lets the room reach the computer that runs the gateway.

What a packet socket sends never comes to the host's own stack (packet(7)), so the host moves a
step away: its addresses go to a bridge with the interface as a port, and the gateway gets the end
of a virtual cable that is plugged into the bridge. A macvlan can't do it: it takes in frames for
its own MAC alone, and a frame that it sends to an unknown MAC, a player's, leaves by the wire.
"""

import asyncio
import os
import signal
from collections.abc import Iterator
from contextlib import contextmanager, suppress

from pyroute2 import AsyncIPRoute
from pyroute2.netlink.exceptions import NetlinkError

from lanparty_command import CommandFailed, ExitCode
from lanparty_gateway.host.arranging import arrange, take_back
from lanparty_gateway.host.at_boot import AtBootError, install_at_boot, remove_at_boot
from lanparty_gateway.host.judging import firewall_notice, plan_lines, refusal
from lanparty_gateway.host.kernel import Kernel
from lanparty_gateway.host.kernel_settings import bridge_is_filtered
from lanparty_gateway.host.managers import instead
from lanparty_gateway.host.picture import BRIDGE, GATEWAY_INTERFACE, HostPicture
from lanparty_gateway.host.record import Record, RecordError, RecordFile
from lanparty_gateway.host.surroundings import find_manager

__all__ = ["set_up_host"]

_SIGNALS = (signal.SIGHUP, signal.SIGINT, signal.SIGTERM, signal.SIGPIPE)
"""A connection by SSH over the very interface may end in the middle: the rest must be done."""


def set_up_host(
    interface: str, *, undo: bool = False, plan_only: bool = False, persist: bool = True
) -> int:
    """Set up the host, or undo it, and say each step; return the exit code.

    `plan_only` only says what would be done. With `persist` it is there after a restart of the
    computer too, where systemd runs. Raises `CommandFailed` with a sentence; all is as before then.
    """
    if not plan_only and os.geteuid() != 0:
        option = " --undo" if undo else ""
        raise CommandFailed(
            "Changing this computer's network needs root: "
            f"sudo lanparty-gateway setup-host --interface {interface}{option}"
        )
    if os.getpid() == 1:
        raise CommandFailed(
            "In a container of its own this can't see which programs look after the interface. "
            "Start it with --pid host, --network host, --privileged and -v /run:/run."
        )
    try:
        if undo:
            asyncio.run(_undo(interface, plan_only=plan_only))
        else:
            asyncio.run(_set_up(interface, plan_only=plan_only, persist=persist))
    except RecordError as error:
        raise CommandFailed(f"{error}. Nothing was changed.") from error
    return ExitCode.OK


async def _set_up(interface: str, *, plan_only: bool, persist: bool) -> None:
    record_file = RecordFile()
    async with AsyncIPRoute() as netlink:
        kernel = Kernel(netlink)
        record = await _heeded(record_file, kernel)
        if record is not None and not record.complete:
            _say("An earlier setup was interrupted; it is taken back first.")
            if not plan_only:
                await _take_back(kernel, record, record_file)
            record = None
        if record is not None and record.picture.name == interface:
            _say(f"{interface} is set up already.")
        elif record is not None:
            raise CommandFailed(
                f"{record.picture.name} is set up already, and one bridge is what a gateway needs. "
                f"Undo it first: sudo lanparty-gateway setup-host "
                f"--interface {record.picture.name} --undo"
            )
        else:
            before = await _examined(kernel, interface)
            if plan_only:
                for line in plan_lines(before):
                    _say(f"would {line}")
                return
            await _arranged(kernel, before, record_file)
            _say(f"Done. This computer's addresses are on {BRIDGE} now.")
    if plan_only:
        return
    if persist:
        _keep(interface)
    _say(f"Give the gateway this interface from now on: --interface {GATEWAY_INTERFACE}")
    _say(f"Firewall rules that name {interface} have to name {BRIDGE} instead.")
    if notice := firewall_notice(bridge_is_filtered=bridge_is_filtered()):
        _say(notice)


async def _heeded(record_file: RecordFile, kernel: Kernel) -> Record | None:
    """Return the record, unless everything that it tells of was removed by somebody else."""
    record = record_file.read()
    if record is not None and record.complete and BRIDGE not in await kernel.names():
        record_file.remove()
        return None
    return record


async def _examined(kernel: Kernel, interface: str) -> HostPicture:
    """Look at the interface. Raises `CommandFailed` where it had better be left alone."""
    before = await kernel.picture(interface)
    if before is None:
        raise CommandFailed(
            f"There is no interface {interface}. `ip -brief address` shows those of this computer."
        )
    if reason := refusal(before, others=await kernel.names()):
        raise CommandFailed(reason)
    if manager := find_manager(interface):
        raise CommandFailed(instead(manager, before))
    return before


async def _arranged(kernel: Kernel, before: HostPicture, record_file: RecordFile) -> None:
    record_file.write(Record(before, complete=False))
    with _undisturbed():
        try:
            await arrange(kernel, before, tell=_say)
            record_file.write(Record(before, complete=True))
        except BaseException as error:
            _say("That failed; everything goes back to what it was.")
            await _take_back(kernel, Record(before, complete=False), record_file)
            if not isinstance(error, NetlinkError | OSError | RecordError):
                raise
            raise CommandFailed(
                f"The kernel refused a step: {_reason(error)}. All is as it was before. In a "
                "container this needs --privileged and --network host."
            ) from error


async def _undo(interface: str, *, plan_only: bool) -> None:
    record_file = RecordFile()
    async with AsyncIPRoute() as netlink:
        kernel = Kernel(netlink)
        record = record_file.read()
        if record is not None and record.picture.name != interface:
            raise CommandFailed(
                f"{interface} isn't set up, {record.picture.name} is: "
                f"sudo lanparty-gateway setup-host --interface {record.picture.name} --undo"
            )
        if plan_only:
            _say(
                f"{interface} isn't set up."
                if record is None
                else f"would move all addresses and routes of {BRIDGE} back to {interface}, and "
                f"remove {BRIDGE} and {GATEWAY_INTERFACE}"
            )
            return
        if record is None:
            _say(f"{interface} isn't set up.")
        else:
            with _undisturbed():
                await _take_back(kernel, record, record_file)
            _say(f"Done. This computer's addresses are on {interface} again.")
    try:
        if remove_at_boot():
            _say("It isn't set up at boot any more.")
    except AtBootError as error:
        raise CommandFailed(f"It may be set up again at the next boot: {error}.") from error


async def _take_back(kernel: Kernel, record: Record, record_file: RecordFile) -> None:
    """Take everything back. Raises `CommandFailed` with what remains for a person to do."""
    failures = await take_back(kernel, record.picture, complete=record.complete, tell=_say)
    record_file.remove()
    if failures:
        addresses = ", ".join(map(str, record.picture.addresses))
        raise CommandFailed(
            f"Not everything could be restored: {'; '.join(failures)}. "
            f"{record.picture.name} had {addresses}; restarting the computer brings all back."
        )


def _keep(interface: str) -> None:
    try:
        if install_at_boot(interface):
            _say("It will be set up again at each boot, by the unit softlan-host.service.")
    except AtBootError as error:
        _say(
            f"It ends with the next restart of this computer: {error}. Have the same command run "
            "at each boot, after the network is up."
        )


@contextmanager
def _undisturbed() -> Iterator[None]:
    """Let no signal end the program meanwhile."""
    before = {number: signal.signal(number, signal.SIG_IGN) for number in _SIGNALS}
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


def _say(text: str) -> None:
    with suppress(OSError):  # the terminal may be gone: it's no reason to stop half way
        print(text, flush=True)


def _reason(error: Exception) -> str:
    return str(error.args[1] if len(error.args) > 1 else error)
