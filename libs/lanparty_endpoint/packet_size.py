"""How large an endpoint's packets may be, and what it then accepts.

Without a setting the largest that the path carries is searched for, and every frame of every room
may come whole. With one, nothing larger is tried, and the hello asks the relay to cut.
"""

from typing import Annotated, Final, TypeAlias

from pydantic import Field

from lanparty_command import Option
from lanparty_endpoint.trust import RELAY_GROUP
from lanparty_proto import (
    MAXIMUM_ROOM_MTU,
    MINIMUM_QUIC_PACKET_SIZE,
    budget_for_mtu,
    datagram_budget,
)
from lanparty_quic.limits import MAXIMUM_PACKET_SIZE

__all__ = ["LARGEST_RECEIVE_BUDGET", "PacketSize", "PacketSizeOption", "receive_budget"]

LARGEST_RECEIVE_BUDGET: Final = budget_for_mtu(MAXIMUM_ROOM_MTU, tagged=True)
"""Bytes of a datagram from the relay: a tagged frame of the largest room whole."""

PacketSize: TypeAlias = Annotated[int, Field(ge=MINIMUM_QUIC_PACKET_SIZE, le=MAXIMUM_PACKET_SIZE)]
"""Bytes of UDP payload: 1,200, which QUIC needs of every path, to 1,500."""

PacketSizeOption: TypeAlias = Annotated[
    PacketSize | None,
    Field(
        description="Largest packet to send and to ask for, as bytes of UDP payload from 1200 to "
        "1500. 1200 helps where larger packets get lost and the search doesn't notice."
    ),
    Option(metavar="BYTES", group=RELAY_GROUP, default_text="what the way carries: it is searched"),
]


def receive_budget(packet_size: int | None) -> int:
    """Return the budget for a hello, in bytes: what fits a packet of this size; None for any."""
    if packet_size is None:
        return LARGEST_RECEIVE_BUDGET
    return min(LARGEST_RECEIVE_BUDGET, datagram_budget(packet_size))
