"""A member: an admitted endpoint in its room, as the switch and the registry see it."""

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from lanparty_ctrl.messages import Role
from lanparty_obs.counters import SLOTS_PER_BLOCK
from lanparty_proto import MacAddress
from lanparty_quic.endpoint import ConnectionKey

if TYPE_CHECKING:
    from lanparty_relay.core.rooms import Room

__all__ = ["Member", "Newcomer"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Newcomer:
    """Who is about to become a member."""

    connection: ConnectionKey
    role: Role
    mac: MacAddress | None
    """A client's identity; None for a gateway."""
    name: str
    datagram_budget: int
    """Largest overlay datagram, in bytes, that the endpoint said it accepts."""


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Member:
    """One endpoint in one room, from its welcome to its leave. Compared by identity."""

    room: "Room" = field(repr=False)
    connection: ConnectionKey
    peer_id: int
    role: Role
    mac: MacAddress | None
    name: str
    datagram_budget: int
    resume_token: str = field(repr=False)
    block: int
    serial: int
    """Of the block: tells this member's counts from those of a later user of the block."""
    joined_at: float
    first_slot: int = field(init=False, repr=False)
    """Where the block begins, for the forwarding loop."""

    def __post_init__(self) -> None:
        object.__setattr__(self, "first_slot", self.block * SLOTS_PER_BLOCK)

    @property
    def is_gateway(self) -> bool:
        """Whether this is the room's gateway."""
        return self.mac is None
