"""Binds the relay's two addresses, and says in the operator's words why one can't be bound."""

import errno
import socket
from typing import Final

from lanparty_command import CommandFailed, ListenAddress, join_host_port
from lanparty_quic import Address, EndpointLimits
from lanparty_quic.identity import ServerIdentity
from lanparty_quic.loop import UdpEndpoint, bind_endpoint
from lanparty_relay.core import cut_copy

__all__ = ["bind_admin", "bind_players", "reachable_address"]

_FIRST_UNPRIVILEGED_PORT: Final = 1024
_BACKLOG: Final = 128

_UNREAD_MILLISECONDS: Final = 30_000
"""Time that an operator's program may leave unread what is sent to it, or unacknowledged. Then the
kernel ends the connection (tcp(7)): it doesn't hold a stream's place, or memory, for ever."""

_EVERY_ADDRESS: Final = "::"
_SOMEWHERE: Final = (
    (socket.AF_INET, "192.0.2.1"),
    (socket.AF_INET6, "2001:db8::1"),
)
"""Addresses for documentation (RFC 5737, RFC 3849): asking for a route to them sends nothing."""


def bind_players(
    listen: ListenAddress, *, identity: ServerIdentity, limits: EndpointLimits, retry: bool
) -> UdpEndpoint:
    """Bind the UDP address that serves players. Raises `CommandFailed`."""
    try:
        return bind_endpoint(
            listen.host or _EVERY_ADDRESS,
            listen.port,
            identity=identity,
            limits=limits,
            retry=retry,
            cutter=cut_copy,
        )
    except OSError as error:
        raise CommandFailed(_explanation("--listen", "UDP", listen, error)) from error


def bind_admin(admin: ListenAddress) -> socket.socket:
    """Bind and open the TCP address of the admin API. Raises `CommandFailed`."""
    try:
        listener = socket.create_server(
            (admin.host or _EVERY_ADDRESS, admin.port),
            family=socket.AF_INET if admin.host and ":" not in admin.host else socket.AF_INET6,
            backlog=_BACKLOG,
            dualstack_ipv6=admin.host in {None, _EVERY_ADDRESS},
        )
    except OSError as error:
        raise CommandFailed(_explanation("--admin", "TCP", admin, error)) from error
    # Every connection inherits it.
    listener.setsockopt(socket.IPPROTO_TCP, socket.TCP_USER_TIMEOUT, _UNREAD_MILLISECONDS)
    return listener


def reachable_address(address: Address) -> Address:
    """Return an address that a player on this network can dial.

    For a socket on every address it is that of this host's default route, or of the loopback.
    """
    host, port = address
    if host not in {_EVERY_ADDRESS, "0.0.0.0"}:  # noqa: S104  compared, not bound
        return address
    for family, somewhere in _SOMEWHERE:
        try:
            with socket.socket(family, socket.SOCK_DGRAM) as probe:
                probe.connect((somewhere, 9))
                return str(probe.getsockname()[0]), port
        except OSError:
            continue
    return "127.0.0.1", port


def _explanation(option: str, transport: str, address: ListenAddress, error: OSError) -> str:
    host = address.host or "*"
    where = f"{transport} {join_host_port(host, address.port)}"
    match error.errno:
        case errno.EADDRINUSE:
            return (
                f"{where} is taken by another program: stop it, or choose another port "
                f"with {option}"
            )
        case errno.EACCES if address.port < _FIRST_UNPRIVILEGED_PORT:
            return (
                f"{where} is a privileged port: grant CAP_NET_BIND_SERVICE (systemd: "
                "AmbientCapabilities=CAP_NET_BIND_SERVICE), allow it by sysctl -w "
                f"net.ipv4.ip_unprivileged_port_start={address.port}, or choose a port from "
                f"{_FIRST_UNPRIVILEGED_PORT} on with {option}"
            )
        case errno.EADDRNOTAVAIL:
            return f"{where}: this host has no such address; choose one of its own with {option}"
        case errno.EAFNOSUPPORT:
            return f"{where}: this host has no IPv6; choose an IPv4 address with {option}"
        case _:
            return (
                f"{where} can't be bound: {error.strerror or error}. Choose another with {option}"
            )
