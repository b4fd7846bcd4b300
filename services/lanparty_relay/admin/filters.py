"""Which rooms and peers a list shows."""

from collections.abc import Iterator
from ipaddress import IPv4Address, IPv6Address, ip_address
from typing import Annotated

from pydantic import BeforeValidator, Field, IPvAnyAddress, WithJsonSchema

from lanparty_ctrl import Role
from lanparty_relay.admin.observation import Observation
from lanparty_relay.admin.paging import PageQuery, leave_out_null
from lanparty_relay.admin_link import PeerRecord, RoomRecord
from lanparty_relay.core import PEERS_PER_ROOM_CEILING

__all__ = ["PeerQuery", "RoomQuery"]


def _read_flag(value: object) -> object:
    """Take the two words of the schema alone, and not all that pydantic takes for a bool."""
    if isinstance(value, str) and value not in {"true", "false"}:
        raise ValueError("Input should be true or false")
    return value


_Flag = Annotated[bool, BeforeValidator(_read_flag)]

_AnyAddress = Annotated[
    IPvAnyAddress,
    WithJsonSchema({"type": "string", "anyOf": [{"format": "ipv4"}, {"format": "ipv6"}]}),
]


class RoomQuery(PageQuery):
    """Rooms for which all holds that is asked for."""

    lasting: Annotated[
        _Flag | None,
        Field(
            json_schema_extra=leave_out_null, description="Only those made ahead, or all others."
        ),
    ] = None
    gateway: Annotated[
        _Flag | None,
        Field(
            json_schema_extra=leave_out_null, description="Only those with a gateway, or without."
        ),
    ] = None
    min_peers: Annotated[
        int,
        Field(
            ge=0,
            le=PEERS_PER_ROOM_CEILING,
            description="Only those with at least so many endpoints.",
        ),
    ] = 0

    def chosen(self, seen: Observation) -> Iterator[RoomRecord]:
        """Go through the rooms that are meant, oldest first."""
        return (
            room for room in seen.rooms if self._is_meant(room, seen.peers_by_room[room.room_id])
        )

    def _is_meant(self, room: RoomRecord, peers: tuple[PeerRecord, ...]) -> bool:
        has_gateway = any(peer.role is Role.GATEWAY for peer in peers)
        return (
            self.lasting in {None, room.lasting}
            and self.gateway in {None, has_gateway}
            and len(peers) >= self.min_peers
        )


class PeerQuery(PageQuery):
    """Peers for which all holds that is asked for."""

    role: Annotated[
        Role | None, Field(json_schema_extra=leave_out_null, description="Only those of this role.")
    ] = None
    mac: Annotated[
        Annotated[str, Field(pattern="^[0-9A-Fa-f]{2}(:[0-9A-Fa-f]{2}){5}$")] | None,
        Field(
            json_schema_extra=leave_out_null,
            description="Only those with this MAC address.",
            examples=["02:00:5e:10:00:01"],
        ),
    ] = None
    name: Annotated[
        Annotated[str, Field(max_length=64)] | None,
        Field(
            json_schema_extra=leave_out_null,
            description="Only those whose name contains this, capitals aside.",
            examples=["ada"],
        ),
    ] = None
    address: Annotated[
        _AnyAddress | None,
        Field(
            json_schema_extra=leave_out_null,
            description="Only those whose packets come from it.",
            examples=["198.51.100.7"],
        ),
    ] = None
    lease: Annotated[
        IPv4Address | None,
        Field(
            json_schema_extra=leave_out_null,
            description="Only those that have this address in a room.",
            examples=["10.171.5.34"],
        ),
    ] = None

    def chosen(self, peers: Iterator[PeerRecord] | tuple[PeerRecord, ...]) -> Iterator[PeerRecord]:
        """Go through those of `peers` that are meant."""
        return (peer for peer in peers if self._is_meant(peer))

    def _is_meant(self, peer: PeerRecord) -> bool:
        return (
            self.role in {None, peer.role}
            and (self.mac is None or self.mac.lower() == peer.mac)
            and (self.name is None or self.name.casefold() in peer.name.casefold())
            and self.address in {None, _source(peer)}
            and (self.lease is None or str(self.lease) == peer.lease)
        )


def _source(peer: PeerRecord) -> IPv4Address | IPv6Address:
    """Return the address without the port, which is behind brackets if it is of IPv6."""
    return ip_address(peer.address.rpartition(":")[0].strip("[]"))
