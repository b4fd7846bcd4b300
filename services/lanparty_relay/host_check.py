"""What this host should grant the relay, compared with what it does, and how to change it."""

import resource
from dataclasses import dataclass
from typing import Final, Self

from lanparty_quic.udp_socket import DEFAULT_SOCKET_BUFFER, UdpSocket

__all__ = ["HostAdvice", "HostLimits", "advise"]

_OVERHEAD: Final = 2
"""Linux tells twice the bytes that its parameter allows, for its own overhead (socket(7))."""

_WANTED_DESCRIPTORS: Final = 1_024
"""One UDP socket serves every player; the rest is for the admin API's connections."""


@dataclass(frozen=True, slots=True, kw_only=True)
class HostLimits:
    """What this host grants.

    The relay's socket is asked, and not the kernel parameters behind it: those are the host's,
    and a container doesn't see them.
    """

    receive_buffer: int
    """Bytes of arrivals that may wait, as `net.core.rmem_max` counts them."""
    send_buffer: int
    """Bytes that may wait to leave, as `net.core.wmem_max` counts them."""
    descriptors: int | None
    """Files that the relay may have open; None for no limit."""

    @classmethod
    def granted(cls, udp_socket: UdpSocket) -> Self:
        """Look at the relay's socket and at this process."""
        soft, _ = resource.getrlimit(resource.RLIMIT_NOFILE)
        return cls(
            receive_buffer=udp_socket.receive_buffer // _OVERHEAD,
            send_buffer=udp_socket.send_buffer // _OVERHEAD,
            descriptors=None if soft == resource.RLIM_INFINITY else soft,
        )


@dataclass(frozen=True, slots=True)
class HostAdvice:
    """One thing that this host holds tighter than the relay would like."""

    subject: str
    value: int
    wanted: int
    effect: str
    remedy: str
    """The command or setting that mends it."""


def advise(limits: HostLimits) -> list[HostAdvice]:
    """Compare what is granted with what the relay wants; nothing is advised if it suffices."""
    buffers = (
        ("net.core.rmem_max", limits.receive_buffer, "bursts from players may be lost on arrival"),
        ("net.core.wmem_max", limits.send_buffer, "bursts to players may be lost on leaving"),
    )
    wanted = DEFAULT_SOCKET_BUFFER
    advice = [
        HostAdvice(name, value, wanted, effect, f"sysctl -w {name}={wanted}")
        for name, value, effect in buffers
        if value < wanted
    ]
    if limits.descriptors is not None and limits.descriptors < _WANTED_DESCRIPTORS:
        advice.append(
            HostAdvice(
                "RLIMIT_NOFILE",
                limits.descriptors,
                _WANTED_DESCRIPTORS,
                "the admin API may refuse connections",
                f"ulimit -n {_WANTED_DESCRIPTORS} (systemd: LimitNOFILE={_WANTED_DESCRIPTORS})",
            )
        )
    return advice
