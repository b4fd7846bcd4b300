"""An endpoint's status and diagnostics, taken from its session. Pure: a look, no question."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from ipaddress import IPv4Address
from typing import Protocol

from lanparty_client_core import PumpCounters, SessionEnded, SessionState
from lanparty_ctrl import PeerJoined, Role, RoomCode, Stats, Welcome
from lanparty_endpoint.typed_room import TypedRoom
from lanparty_obs.diagnostics import ClientDiagnostics, ClientStatus, LastError, MemberStatus
from lanparty_proto import MacAddress
from lanparty_quic.endpoint import ConnectionStatistics

__all__ = ["Identity", "SessionView", "client_diagnostics", "client_status"]


class SessionView(Protocol):
    """As much of a session as a status needs."""

    @property
    def state(self) -> SessionState: ...  # noqa: D102  as LastingSession says

    @property
    def sentence(self) -> str: ...  # noqa: D102

    @property
    def welcome(self) -> Welcome | None: ...  # noqa: D102

    @property
    def members(self) -> Mapping[int, PeerJoined]: ...  # noqa: D102

    @property
    def ended(self) -> SessionEnded | None: ...  # noqa: D102

    @property
    def round_trip_time(self) -> float | None: ...  # noqa: D102

    @property
    def statistics(self) -> ConnectionStatistics | None: ...  # noqa: D102

    @property
    def relay_stats(self) -> Stats | None: ...  # noqa: D102

    def counters(self) -> PumpCounters: ...  # noqa: D102


@dataclass(frozen=True, slots=True, kw_only=True)
class Identity:
    """What an endpoint knows of itself before it has a session."""

    relay: str
    name: str
    role: Role
    mac: MacAddress | None
    interface: str
    port_mtu: int
    receive_budget: int
    version: str
    room: TypedRoom | None = None
    """The room that was asked for, as the player spells it."""

    def spelled(self, code: RoomCode) -> str:
        """Write the room's code as the player does."""
        return code.spoken() if self.room is None else self.room.spelled(code)


def client_status(
    identity: Identity,
    session: SessionView | None,
    *,
    addresses: Sequence[str] = (),
    notices: Sequence[str] = (),
    seen: Mapping[MacAddress, IPv4Address] | None = None,
) -> ClientStatus:
    """Tell where an endpoint stands.

    `seen` are the addresses that members were seen to use; the relay's leases otherwise.
    """
    welcome = session.welcome if session is not None else None
    ended = session.ended if session is not None else None
    members = session.members.values() if session is not None else ()
    return ClientStatus(
        state=(session.state if session is not None else SessionState.CONNECTING).value,
        sentence=session.sentence if session is not None else "",
        relay=identity.relay,
        name=identity.name,
        role=identity.role.value,
        mac=None if identity.mac is None else str(identity.mac),
        interface=identity.interface,
        addresses=tuple(addresses),
        notices=tuple(notices),
        peer_id=None if welcome is None else welcome.peer_id,
        room=None if welcome is None else welcome.room_id,
        room_code=None if welcome is None else identity.spelled(welcome.room_code),
        mtu=None if welcome is None else welcome.mtu,
        resumed=welcome is not None and welcome.resumed,
        round_trip_time=session.round_trip_time if session is not None else None,
        members=tuple(_member(member, seen or {}) for member in members),
        last_error=None if ended is None else LastError.of(ended.code, ended.text),
    )


def client_diagnostics(
    identity: Identity,
    status: ClientStatus,
    session: SessionView | None,
    *,
    port_drops: Mapping[str, int] | None = None,
) -> ClientDiagnostics:
    """Add what lies under a status; `port_drops` are frames that the port dropped, by reason."""
    if session is None:
        return ClientDiagnostics(
            status=status,
            version=identity.version,
            port_mtu=identity.port_mtu,
            receive_budget=identity.receive_budget,
        )
    counted, statistics, reported = session.counters(), session.statistics, session.relay_stats
    dropped = {
        reason.value: count
        for kind in (counted.dropped, counted.dropped_datagrams, counted.dropped_parts)
        for reason, count in kind.items()
    } | dict(port_drops or {})
    return ClientDiagnostics(
        status=status,
        version=identity.version,
        port_mtu=identity.port_mtu,
        send_budget=None if statistics is None else statistics.datagram_budget,
        receive_budget=identity.receive_budget,
        queued=statistics.queued if statistics is not None else 0,
        packets_lost=statistics.packets_lost if statistics is not None else 0,
        counters=counted.as_seen_by_relay(),
        relay_counters=None if reported is None else reported.counters,
        dropped_here=dropped,
    )


def _member(member: PeerJoined, seen: Mapping[MacAddress, IPv4Address]) -> MemberStatus:
    used = seen.get(member.mac) if member.mac is not None else None
    address = used or member.address
    return MemberStatus(
        peer_id=member.peer_id,
        role=member.role.value,
        name=member.name,
        mac=None if member.mac is None else str(member.mac),
        address=None if address is None else str(address),
    )
