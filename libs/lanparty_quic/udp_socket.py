"""A UDP socket for one endpoint: dual stack, sized buffers, counted overflows, never blocking."""

import errno
import socket
import struct
from contextlib import suppress
from typing import Final, Self

from lanparty_quic.endpoint import Address
from lanparty_quic.limits import MAXIMUM_PACKET_SIZE

__all__ = ["DEFAULT_SOCKET_BUFFER", "UdpSocket"]

DEFAULT_SOCKET_BUFFER: Final = 4 * 1024 * 1024
"""Bytes asked for in each direction: 50 ms at 600 Mbit/s. Linux grants what its sysctl allows."""

_MAPPED: Final = "::ffff:"

# Linux's numbers (include/uapi/asm-generic/socket.h, linux/in.h, linux/in6.h); the socket module
# has no names for them.
_SO_RXQ_OVFL: Final = 40
_IP_MTU_DISCOVER: Final = 10
_IPV6_MTU_DISCOVER: Final = 23
_PMTUDISC_PROBE: Final = 3
_IP_RECVERR: Final = 11
_IPV6_RECVERR: Final = 25
_MSG_ERRQUEUE: Final = 0x2000

_ANCILLARY_SIZE: Final = socket.CMSG_SPACE(4)

_EXTENDED_ERROR: Final = struct.Struct("=IBBBBII")
"""`struct sock_extended_err` (include/uapi/linux/errqueue.h): errno, origin, ICMP's type and code,
padding, information, data. The address of who reported it follows."""

_ORIGINS: Final = frozenset({2, 3})
"""SO_EE_ORIGIN_ICMP and SO_EE_ORIGIN_ICMP6."""

_ERROR_SPACE: Final = socket.CMSG_SPACE(_EXTENDED_ERROR.size + 28)
"""28: `struct sockaddr_in6`, the longest address of a reporter."""

_ERRORS_PER_READ: Final = 64
"""More wait for the next turn: whoever floods with ICMP must not starve what the socket is for."""

_LOST_ON_THE_WAY: Final = frozenset(
    {
        errno.ECONNREFUSED,
        errno.EHOSTUNREACH,
        errno.ENETUNREACH,
        errno.EHOSTDOWN,
        errno.ENETDOWN,
        errno.EADDRNOTAVAIL,
        errno.EAFNOSUPPORT,
        errno.EMSGSIZE,
        errno.ENOBUFS,
        errno.EPERM,
        errno.EACCES,
        errno.EINVAL,
    }
)
"""What a route, a firewall or an earlier packet's ICMP answer makes of a packet: it is lost, and
QUIC notices by itself. EINVAL is Linux's answer for a destination port 0 or a foreign scope."""


_TOLD_BY_ICMP: Final = frozenset(
    {errno.ECONNREFUSED, errno.EHOSTUNREACH, errno.ENETUNREACH, errno.EMSGSIZE}
)
"""What ICMP says of an earlier packet, and the next send is refused with, once (ip(7), IP_RECVERR).
Behind a probe that was too large that would be the packet that asks what became of it."""


class UdpSocket:
    """Owns the file descriptor. Addresses are softlan's: IPv4 never in its mapped spelling."""

    def __init__(self, bound: socket.socket, *, notes_refusals: bool = False) -> None:
        """Take a bound socket; use `bind`."""
        self._socket = bound
        self._maps_ipv4 = bound.family == socket.AF_INET6
        self._notes_refusals = notes_refusals
        self._errors_wait = False
        self.overflows = 0
        """Packets that the kernel has dropped because the receive buffer was full."""
        self.unsent = 0
        """Packets that the kernel did not take."""

    @classmethod
    def bind(
        cls,
        host: str,
        port: int,
        *,
        buffer_size: int = DEFAULT_SOCKET_BUFFER,
        notes_refusals: bool = False,
    ) -> Self:
        """Bind to a numeric address; `""` and `::` mean every address of both families.

        Without IPv6 on this host they mean every IPv4 address. With `notes_refusals` ICMP's
        answers are kept for `refusals`. Raises OSError.
        """
        bound = cls._bound(host, port, buffer_size)
        if notes_refusals:
            # Not every kernel has both.
            with suppress(OSError):
                bound.setsockopt(socket.IPPROTO_IP, _IP_RECVERR, 1)
            if bound.family == socket.AF_INET6:
                with suppress(OSError):
                    bound.setsockopt(socket.IPPROTO_IPV6, _IPV6_RECVERR, 1)
        return cls(bound, notes_refusals=notes_refusals)

    @classmethod
    def _bound(cls, host: str, port: int, buffer_size: int) -> socket.socket:
        if host in ("", "::"):
            try:
                return cls._bind(socket.AF_INET6, "::", port, buffer_size)
            except OSError as error:
                if error.errno not in (errno.EAFNOSUPPORT, errno.EADDRNOTAVAIL):
                    raise
                return cls._bind(socket.AF_INET, "0.0.0.0", port, buffer_size)  # noqa: S104  as asked
        family = socket.AF_INET6 if ":" in host else socket.AF_INET
        return cls._bind(family, host, port, buffer_size)

    @classmethod
    def _bind(
        cls, family: socket.AddressFamily, host: str, port: int, buffer_size: int
    ) -> socket.socket:
        bound = socket.socket(family, socket.SOCK_DGRAM)
        try:
            bound.setblocking(False)
            if family == socket.AF_INET6:
                bound.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, 0)
            bound.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, buffer_size)
            bound.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, buffer_size)
            bound.setsockopt(socket.SOL_SOCKET, _SO_RXQ_OVFL, 1)
            # QUIC packets must not be fragmented (RFC 9000 section 14). Not every kernel has both.
            with suppress(OSError):
                bound.setsockopt(socket.IPPROTO_IP, _IP_MTU_DISCOVER, _PMTUDISC_PROBE)
            if family == socket.AF_INET6:
                with suppress(OSError):
                    bound.setsockopt(socket.IPPROTO_IPV6, _IPV6_MTU_DISCOVER, _PMTUDISC_PROBE)
            bound.bind((host, port))
        except OSError:
            bound.close()
            raise
        return bound

    def fileno(self) -> int:
        """Return the file descriptor, for a selector."""
        return self._socket.fileno()

    @property
    def address(self) -> Address:
        """The bound address."""
        return self._plain(self._socket.getsockname())

    @property
    def receive_buffer(self) -> int:
        """Bytes that the kernel has granted; Linux doubles what was asked, for its overhead."""
        return self._socket.getsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF)

    @property
    def send_buffer(self) -> int:
        """Bytes that the kernel has granted for sending, counted in the same way."""
        return self._socket.getsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF)

    def receive(self, limit: int) -> list[tuple[bytes, Address]]:
        """Take the packets that wait, at most `limit`; of one that is too large a byte."""
        packets: list[tuple[bytes, Address]] = []
        receive = self._socket.recvmsg
        while len(packets) < limit:
            try:
                data, ancillary, flags, source = receive(MAXIMUM_PACKET_SIZE, _ANCILLARY_SIZE)
            except BlockingIOError:
                # Woken for nothing to read: perhaps for an error, which wakes until it is taken.
                self._errors_wait |= self._notes_refusals and not packets
                break
            except OSError as error:
                if error.errno not in _LOST_ON_THE_WAY:
                    raise
                self._errors_wait = self._notes_refusals
                continue
            if ancillary:
                self._note_overflows(ancillary)
            if flags & socket.MSG_TRUNC:
                # No engine takes it, and a few thousand of 64 KiB would be all memory that a small
                # relay has. What is left belongs to no connection, and is counted so.
                data = data[:1]
            packets.append((data, self._plain(source)))
        return packets

    def refusals(self) -> list[Address]:
        """Take the addresses of which ICMP says that nobody listens there. Anybody can forge it.

        Each once, in order; empty unless `bind` was told to note them.
        """
        if not self._errors_wait:
            return []
        refused: dict[Address, None] = {}
        for _ in range(_ERRORS_PER_READ):
            try:
                _, ancillary, _, destination = self._socket.recvmsg(1, _ERROR_SPACE, _MSG_ERRQUEUE)
            except OSError:
                self._errors_wait = False
                break
            if destination and any(_is_refusal(data) for _, _, data in ancillary):
                refused[self._plain(destination)] = None
        return list(refused)

    def send(self, packets: list[tuple[bytes, Address]]) -> None:
        """Hand packets to the kernel. What it doesn't take is lost, as on any other hop."""
        send = self._socket.sendto
        for packet, destination in packets:
            where = self._mapped(destination) if self._maps_ipv4 else destination
            try:
                try:
                    send(packet, where)
                except OSError as error:
                    if error.errno not in _TOLD_BY_ICMP:
                        raise
                    # It tells of an earlier packet, perhaps to another address, and is over now.
                    self._errors_wait = self._notes_refusals
                    send(packet, where)
            except (BlockingIOError, socket.gaierror):
                # No room, or an address of a family that this socket has no way to.
                self.unsent += 1
            except OSError as error:
                if error.errno not in _LOST_ON_THE_WAY:
                    raise
                self._errors_wait = self._notes_refusals
                self.unsent += 1

    def close(self) -> None:
        """Give the descriptor back."""
        self._socket.close()

    def _note_overflows(self, ancillary: list[tuple[int, int, bytes]]) -> None:
        for level, kind, data in ancillary:
            if level == socket.SOL_SOCKET and kind == _SO_RXQ_OVFL:
                (self.overflows,) = struct.unpack("=I", data)

    @staticmethod
    def _mapped(address: Address) -> Address:
        return address if ":" in address[0] else (_MAPPED + address[0], address[1])

    def _plain(self, address: tuple[str, int] | tuple[str, int, int, int]) -> Address:
        host, port = address[:2]
        if not self._maps_ipv4:
            return host, port
        if host.startswith(_MAPPED) and "." in host:
            return host[len(_MAPPED) :], port
        scope = address[3] if len(address) == 4 else 0
        return (f"{host}%{scope}" if scope else host), port


def _is_refusal(data: bytes) -> bool:
    """Tell whether a `sock_extended_err` is an ICMP port unreachable."""
    if len(data) < _EXTENDED_ERROR.size:
        return False
    error, origin, *_ = _EXTENDED_ERROR.unpack_from(data)
    return error == errno.ECONNREFUSED and origin in _ORIGINS
