"""The other face of an endpoint: packets and time, as its driver sees them.

The driver's recipe for one turn, the same for sockets and for the simulation:

    1. `receive_packet` for what arrived, at most a bounded batch,
    2. `handle_turn`, which takes it in by turns and does what time has made due,
    3. the consumer's `serve`, which calls the endpoint's `flush`,
    4. `packets_to_send`, written to the wire,
    5. one timer for the earlier of the two `next_deadline`.
"""

from typing import Protocol, TypeVar

from lanparty_quic.endpoint import Address, Endpoint

__all__ = ["PacketEndpoint"]

PacketT = TypeVar("PacketT")


class PacketEndpoint(Endpoint, Protocol[PacketT]):
    """An endpoint without a socket. `PacketT` is bytes for an engine that speaks QUIC."""

    def receive_packet(self, packet: PacketT, source: Address, *, now: float) -> None:
        """Route one packet into the queue of its connection, or drop and count it."""
        ...

    def receive_refusal(self, address: Address) -> None:
        """Take note that nobody seems to listen at an address, for those who dialed it."""
        ...

    def handle_turn(self, *, now: float) -> None:
        """Take in what waits, up to this endpoint's bound, and handle the timers that are due."""
        ...

    def packets_to_send(self) -> list[tuple[PacketT, Address]]:
        """Take what the wire must carry, in order."""
        ...

    def next_deadline(self) -> float | None:
        """When the next turn is due: not after `now` while packets or news wait; None for never.

        News is what a flush has made known, such as the end of a connection that it closed.
        """
        ...
