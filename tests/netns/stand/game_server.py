"""A program: a game's server as on a real LAN, found by broadcast and by its announcements.

It answers `where` on UDP port 27015 with `here HOST`, and says `game HOST` to multicast groups of
IPv4 and IPv6 every half second. Usage: python game_server.py HOST INTERFACE
"""

import socket
import struct
import sys
import time
from typing import Final

from namespaces import Namespace

__all__ = ["ASKED_PORT", "GROUP", "GROUP6", "announced"]

ASKED_PORT: Final = 27_015
_ANNOUNCED_PORT: Final = 27_016
GROUP: Final = "239.255.77.77"
"""Administratively scoped (RFC 2365): what LAN games use."""
GROUP6: Final = "ff02::77:77"
_PAUSE: Final = 0.5
_HEAR_LIMIT: Final = 5.0


def announced(machine: Namespace, interface: str, group: str) -> bytes:
    """Listen to one of the groups on an interface, as a game's list of servers does.

    Return the first announcement; raises `TimeoutError` if none comes.
    """
    family = socket.AF_INET6 if ":" in group else socket.AF_INET
    packed = socket.inet_pton(family, group)
    with machine.entered(), socket.socket(family, socket.SOCK_DGRAM) as listening:
        index = socket.if_nametoindex(interface)
        if family == socket.AF_INET6:
            listening.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, 1)
            wish = packed + struct.pack("@I", index)
            listening.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_JOIN_GROUP, wish)
        else:
            wish = packed + struct.pack("@4si", bytes(4), index)
            listening.setsockopt(socket.IPPROTO_IP, socket.IP_ADD_MEMBERSHIP, wish)
        listening.bind(("", _ANNOUNCED_PORT))
        listening.settimeout(_HEAR_LIMIT)
        return listening.recv(1_500)


def serve(host: str, interface: str) -> None:
    """Answer and announce until it is ended."""
    asked = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    asked.bind(("", ASKED_PORT))
    index = socket.if_nametoindex(interface)
    announcing = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    announcing.setsockopt(
        socket.IPPROTO_IP, socket.IP_MULTICAST_IF, struct.pack("4s4si", bytes(4), bytes(4), index)
    )
    announcing6 = socket.socket(socket.AF_INET6, socket.SOCK_DGRAM)
    announcing6.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_MULTICAST_IF, index)
    print("serving", flush=True)
    announce_at = 0.0
    while True:
        if (now := time.monotonic()) >= announce_at:
            announce_at = now + _PAUSE
            announcing.sendto(f"game {host}".encode(), (GROUP, _ANNOUNCED_PORT))
            announcing6.sendto(f"game {host}".encode(), (GROUP6, _ANNOUNCED_PORT))
        asked.settimeout(max(0.01, announce_at - now))
        try:
            question, asker = asked.recvfrom(1_500)
        except TimeoutError:
            continue
        if question == b"where":
            asked.sendto(f"here {host}".encode(), asker)


if __name__ == "__main__":
    serve(*sys.argv[1:])
