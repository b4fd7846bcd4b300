"""The seam of forwarding rule 4: what may refuse a frame that rules 1 to 3 let through.

A guard sees each datagram after its destination has been classified and before a copy is chosen,
so that storm control can tell broadcast, multicast and unknown unicast apart. It decides on the
one datagram: a fragment is judged by itself, so what a guard must read has to be in the first.
"""

from typing import Protocol

from lanparty_obs.reasons import Cast
from lanparty_relay.core.members import Member

__all__ = ["Guard", "PassEverything"]


class Guard(Protocol):
    """Judges one datagram. Called for every one: it neither logs nor allocates."""

    def passes(
        self, ingress: Member, cast: Cast, datagram: bytes, frame_start: int, *, now: float
    ) -> bool:
        """Say whether the datagram may go on; False drops it as `IngressDrop.GUARD`.

        The Ethernet header begins at `datagram[frame_start]`.
        """
        ...


class PassEverything:
    """The guard that refuses nothing."""

    def passes(
        self,
        ingress: Member,  # noqa: ARG002  the Protocol's arguments
        cast: Cast,  # noqa: ARG002
        datagram: bytes,  # noqa: ARG002
        frame_start: int,  # noqa: ARG002
        *,
        now: float,  # noqa: ARG002
    ) -> bool:
        """Let it pass."""
        return True
