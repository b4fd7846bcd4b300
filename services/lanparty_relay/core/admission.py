"""Who may join: every reason to refuse a hello, in the order of docs/protocol.md, "Admission".

A verdict changes nothing but the count of attempts: the caller acts on it at once, in the same
turn, because it holds only for the registry as it is now.
"""

from dataclasses import dataclass
from hmac import compare_digest
from typing import Final, TypeAlias

from lanparty_ctrl import Hello, RoomCode
from lanparty_ctrl.messages import PROTOCOL_VERSION, Role
from lanparty_obs.codes import SessionEnd
from lanparty_proto import MINIMUM_DATAGRAM_BUDGET, MINIMUM_ROOM_MTU, MacAddressError
from lanparty_quic.endpoint import Address
from lanparty_relay.core.join_rates import JoinRates
from lanparty_relay.core.limits import RelayLimits
from lanparty_relay.core.members import Member
from lanparty_relay.core.rooms import Room, RoomRegistry

__all__ = [
    "ROOM_AND_MEMBER",
    "Admission",
    "Admitted",
    "Contested",
    "NewRoom",
    "Refused",
    "StandsBy",
    "Verdict",
]

ROOM_AND_MEMBER: Final = 2
"""Counter blocks that a new room takes with its maker."""


@dataclass(frozen=True, slots=True)
class Refused:
    """Not admitted."""

    code: SessionEnd
    retry_after: float | None = None


@dataclass(frozen=True, slots=True)
class Contested:
    """Another session has the MAC or the gateway's place: ask whether it is still alive."""

    holder: Member
    code: SessionEnd
    """The reason to refuse the newcomer if it is."""


@dataclass(frozen=True, slots=True)
class NewRoom:
    """A room that has to be made first."""

    code: RoomCode | None
    """None: the relay makes the code as well."""
    mtu: int


@dataclass(frozen=True, slots=True)
class Admitted:
    """To be joined."""

    room: Room | NewRoom
    displaced: Member | None = None
    """Whose place it gets."""
    resumed: bool = False
    """The displaced session was its own: the peer id stays."""


@dataclass(frozen=True, slots=True)
class StandsBy:
    """A gateway that waits until the place is free."""

    room: Room


Verdict: TypeAlias = Refused | Contested | StandsBy | Admitted


class Admission:
    """Judges hellos against the registry and the relay's limits."""

    def __init__(self, registry: RoomRegistry, limits: RelayLimits) -> None:
        self._registry: Final = registry
        self._limits: Final = limits
        self._rates: Final = JoinRates(limits.joins_per_minute)

    def judge(self, hello: Hello, address: Address, *, now: float) -> Verdict:
        """Judge a hello that has just come, and count the attempt of its source."""
        code = self._unfit_endpoint(hello)
        if code is not None:
            return Refused(code)
        # Attempts count, not joins: guessing codes must cost as much as knowing one.
        retry_after = self._rates.attempt(address, now=now)
        if retry_after is not None:
            return Refused(SessionEnd.JOIN_LIMIT, retry_after)
        return self.judge_place(hello, now=now)

    def judge_place(self, hello: Hello, *, outgoing: Member | None = None, now: float) -> Verdict:
        """Judge only what depends on the rooms, which may have changed since the hello came.

        An `outgoing` holder of the place goes, or didn't answer: the newcomer displaces it.
        """
        room = None if hello.room_code is None else self._registry.look_up(hello.room_code)
        if room is None:
            return self._judge_new_room(hello)
        if hello.port_mtu < room.mtu:
            return Refused(SessionEnd.MTU_TOO_SMALL)
        holder = room.holder_of(hello.mac)
        if holder is not None:
            return self._judge_conflict(hello, holder, outgoing, now=now)
        if hello.mac is not None and room.learned.knows(hello.mac, now=now):
            return Refused(SessionEnd.MAC_IN_USE)
        if self._is_full(room, now=now):
            return Refused(SessionEnd.ROOM_FULL)
        return Admitted(room)

    def _unfit_endpoint(self, hello: Hello) -> SessionEnd | None:
        if PROTOCOL_VERSION not in hello.versions:
            return SessionEnd.VERSION
        if hello.datagram_budget < MINIMUM_DATAGRAM_BUDGET:
            return SessionEnd.BUDGET_TOO_SMALL
        if hello.port_mtu < MINIMUM_ROOM_MTU:
            return SessionEnd.MTU_TOO_SMALL
        if hello.mac is not None:
            try:
                hello.mac.require_identity(allow_universal=self._limits.allow_universal_macs)
            except MacAddressError:
                return SessionEnd.MAC_NOT_ALLOWED
        return None

    def _judge_new_room(self, hello: Hello) -> Verdict:
        if hello.room_code is not None and not hello.create:
            return Refused(SessionEnd.ROOM_UNKNOWN)
        registry = self._registry
        if len(registry) >= self._limits.rooms or registry.members_capacity < ROOM_AND_MEMBER:
            return Refused(SessionEnd.ROOM_LIMIT)
        mtu = min(self._limits.room_mtu, hello.port_mtu)
        return Admitted(NewRoom(hello.room_code, mtu))

    def _judge_conflict(
        self, hello: Hello, holder: Member, outgoing: Member | None, *, now: float
    ) -> Verdict:
        room = holder.room
        token = hello.resume_token
        if token is not None and compare_digest(token, holder.resume_token):
            return Admitted(room, displaced=holder, resumed=True)
        if holder is outgoing:
            # The room doesn't grow, but the newcomer needs an id of its own.
            if not room.peer_ids.has_free(now=now):
                return Refused(SessionEnd.ROOM_FULL)
            return Admitted(room, displaced=holder)
        if hello.standby:
            return StandsBy(room)
        is_gateway = hello.role is Role.GATEWAY
        return Contested(
            holder, SessionEnd.GATEWAY_PRESENT if is_gateway else SessionEnd.MAC_IN_USE
        )

    def _is_full(self, room: Room, *, now: float) -> bool:
        return (
            len(room.members) >= self._limits.peers_in(room.peers_limit)
            or not self._registry.members_capacity
            or not room.peer_ids.has_free(now=now)
        )
