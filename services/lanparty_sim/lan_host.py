"""`lanparty-sim lan-host`: a host of a real LAN, for the steps that test a gateway.

An ordinary program over the kernel's own network. It tells of itself by broadcast, answers players
and pings them when they ask for it, and counts what comes to the port of DHCP clients.
"""

import asyncio
import fcntl
import secrets
import socket
import struct
import time
from contextlib import ExitStack, suppress
from ipaddress import IPv4Address, IPv4Interface
from typing import Final

from lanparty_command import CommandFailed, ExitCode
from lanparty_endpoint.signals import cancelled_by_signals
from lanparty_ethernet import DHCP_CLIENT_PORT, EchoKind, IcmpEcho, PacketError
from lanparty_sim.lan_messages import (
    LAN_PORT,
    Announcement,
    LanAnswer,
    LanMessageError,
    LanRequest,
    read_message,
)
from lanparty_sim.settings import LanHostSettings

__all__ = ["serve_lan_host"]

_ANNOUNCE_INTERVAL: Final = 0.5
"""Seconds."""

_PING_LIMIT: Final = 1.0
_PING_TIMES: Final = 3
_LARGEST: Final = 2_048
_GET_ADDRESS: Final = 0x8915  # SIOCGIFADDR (netdevice(7))
_GET_NETMASK: Final = 0x891B  # SIOCGIFNETMASK
_TRIAL: Final = b"softlan: does this host hear offers?"
_LOOPBACK: Final = "lo"


def serve_lan_host(settings: LanHostSettings) -> int:
    """Serve until Ctrl-C or SIGTERM; return the exit code."""
    interface = settings.interface or _only_interface()
    address = _address_of(interface)
    try:
        with ExitStack() as sockets:
            host = _LanHost(address, sockets)
            print(f"on {interface} as {address}", flush=True)
            with suppress(asyncio.CancelledError):
                asyncio.run(host.run())
    except OSError as error:
        raise CommandFailed(
            f"A LAN's host needs UDP ports {LAN_PORT} and {DHCP_CLIENT_PORT} and the right to "
            f"ping: {error.strerror}. In a container set net.ipv4.ip_unprivileged_port_start=0."
        ) from error
    return ExitCode.OK


class _LanHost:
    """Its sockets and what they heard."""

    def __init__(self, address: IPv4Interface, sockets: ExitStack) -> None:
        self._address = address
        self._offers = 0
        self._hears_offers = False
        self._talk = sockets.enter_context(_udp_socket(LAN_PORT))
        self._dhcp = sockets.enter_context(_udp_socket(DHCP_CLIENT_PORT))
        # Where net.ipv4.ping_group_range lets everybody ping (icmp(7)), as in containers.
        ping = socket.socket(socket.AF_INET, socket.SOCK_DGRAM, socket.IPPROTO_ICMP)
        self._ping = sockets.enter_context(ping)
        self._ping.setblocking(False)

    async def run(self) -> None:
        """Serve until cancelled."""
        with cancelled_by_signals():
            self._talk.sendto(_TRIAL, (str(self._address.ip), DHCP_CLIENT_PORT))
            async with asyncio.TaskGroup() as tasks:
                tasks.create_task(self._announce())
                tasks.create_task(self._count_offers())
                tasks.create_task(self._answer())

    async def _announce(self) -> None:
        everybody = str(self._address.network.broadcast_address)
        while True:
            with suppress(OSError):  # the cable may be out for a while
                self._talk.sendto(Announcement(self._address).encode(), (everybody, LAN_PORT))
            await asyncio.sleep(_ANNOUNCE_INTERVAL)

    async def _count_offers(self) -> None:
        loop = asyncio.get_running_loop()
        while True:
            datagram = await loop.sock_recv(self._dhcp, _LARGEST)
            if datagram == _TRIAL:
                self._hears_offers = True
            else:
                self._offers += 1

    async def _answer(self) -> None:
        loop = asyncio.get_running_loop()
        while True:
            datagram, source = await loop.sock_recvfrom(self._talk, _LARGEST)
            with suppress(LanMessageError):
                request = read_message(datagram)
                if isinstance(request, LanRequest):
                    answer = await self._answer_to(request)
                    with suppress(OSError):  # nobody has that address any more
                        await loop.sock_sendto(self._talk, answer.encode(), source)

    async def _answer_to(self, request: LanRequest) -> LanAnswer:
        seconds = None if request.ping is None else await self._ping_times(request.ping)
        return LanAnswer(
            number=request.number,
            seconds=seconds,
            offers=self._offers,
            hears_offers=self._hears_offers,
        )

    async def _ping_times(self, target: IPv4Address) -> float | None:
        for _ in range(_PING_TIMES):
            with suppress(TimeoutError, OSError):
                async with asyncio.timeout(_PING_LIMIT):
                    return await self._ping_once(target)
        return None

    async def _ping_once(self, target: IPv4Address) -> float:
        loop = asyncio.get_running_loop()
        sequence = secrets.randbelow(1 << 16)
        # The kernel puts its own identifier there, and lets only its answers through.
        echo = IcmpEcho(EchoKind.REQUEST, 0, sequence, b"softlan")
        began = time.monotonic()
        await loop.sock_sendto(self._ping, echo.encode(), (str(target), 0))
        while True:
            answer = await loop.sock_recv(self._ping, _LARGEST)
            with suppress(PacketError):
                if IcmpEcho.parse(memoryview(answer)).sequence == sequence:
                    return time.monotonic() - began


def _udp_socket(port: int) -> socket.socket:
    made = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    try:
        made.setsockopt(socket.SOL_SOCKET, socket.SO_BROADCAST, 1)
        made.setblocking(False)
        made.bind(("", port))
    except OSError:
        made.close()
        raise
    return made


def _only_interface() -> str:
    names = [name for _, name in socket.if_nameindex() if name != _LOOPBACK]
    if len(names) != 1:
        found = ", ".join(names) or "none"
        raise CommandFailed(f"Name the LAN's interface by --interface. There is {found}.")
    return names[0]


def _address_of(interface: str) -> IPv4Interface:
    """Ask the kernel for an interface's first address and its network (netdevice(7))."""
    request = struct.pack("256s", interface.encode()[:15])
    try:
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as asking:
            address, netmask = (
                socket.inet_ntoa(fcntl.ioctl(asking, what, request)[20:24])
                for what in (_GET_ADDRESS, _GET_NETMASK)
            )
    except OSError as error:
        raise CommandFailed(f"{interface} has no IPv4 address: {error.strerror}.") from error
    return IPv4Interface(f"{address}/{netmask}")
