"""What the lease file says: JSON with a version, whose times are Unix seconds.

    {"version": 1, "key": "<64 hexadecimal digits>", "rooms": {
      "<32 hexadecimal digits, the keyed hash of a room's code>": {
        "network": "10.171.5.0/24",
        "leases": {"02:00:5e:10:00:01": {"host": 34, "left_at": 1790000000}, ...}}, ...}}

Who is present has no `left_at`. A room is rendered by itself, so that a change costs what changed.
"""

import json
from collections.abc import Iterable
from dataclasses import dataclass, field
from ipaddress import IPv4Network
from typing import Annotated, Final, Literal, Self

from pydantic import BaseModel, ConfigDict, Field, ValidationError, model_validator

from lanparty_ctrl import LEASED_FROM
from lanparty_ctrl.fields import Mac, Prefix
from lanparty_relay.core import (
    FIRST_HOST,
    LAST_HOST,
    LEASE_KEY_BYTES,
    ROOM_KEY_BYTES,
    ROOM_PREFIX_LENGTH,
    RememberedLease,
    RememberedRoom,
)

__all__ = ["LeaseDocument", "LeaseDocumentError", "parse_leases", "render_leases", "render_room"]

_VERSION: Final = 1


class LeaseDocumentError(ValueError):
    """The content is none that this version writes. The message says why, without secrets."""


@dataclass(frozen=True, slots=True)
class LeaseDocument:
    """What a lease file says."""

    key: bytes = field(repr=False)
    rooms: tuple[RememberedRoom, ...]
    """With times of the clock that `parse_leases` was told of."""


class _Model(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid", strict=True)


class _Lease(_Model):
    host: Annotated[int, Field(ge=FIRST_HOST, le=LAST_HOST)]
    left_at: Annotated[float, Field(ge=0, allow_inf_nan=False)] | None = None


class _Room(_Model):
    network: Prefix
    leases: dict[Mac, _Lease]

    @model_validator(mode="after")
    def _is_one_that_the_relay_makes(self) -> Self:
        if self.network.version != 4 or self.network.prefixlen != ROOM_PREFIX_LENGTH:
            raise ValueError("a room's network is an IPv4 /24")
        network = IPv4Network(str(self.network))
        if not any(network.subnet_of(private) for private in LEASED_FROM):
            raise ValueError("a room's network is a private one")
        hosts = [lease.host for lease in self.leases.values()]
        if len(set(hosts)) != len(hosts):
            raise ValueError("an address is leased twice")
        return self

    def remembered(self, key: str, clock_offset: float) -> RememberedRoom:
        leases = (
            RememberedLease(
                mac, lease.host, None if lease.left_at is None else lease.left_at - clock_offset
            )
            for mac, lease in self.leases.items()
        )
        return RememberedRoom(key, IPv4Network(str(self.network)), tuple(leases))


_Key = Annotated[str, Field(pattern=f"^[0-9a-f]{{{2 * LEASE_KEY_BYTES}}}$")]
_RoomKey = Annotated[str, Field(pattern=f"^[0-9a-f]{{{2 * ROOM_KEY_BYTES}}}$")]


class _Document(_Model):
    version: Literal[1]
    key: _Key
    rooms: dict[_RoomKey, _Room]


def parse_leases(content: bytes, *, clock_offset: float) -> LeaseDocument:
    """Read a file's content; `clock_offset` is Unix time less the core's clock, in seconds.

    Raises `LeaseDocumentError`.
    """
    try:
        document = _Document.model_validate_json(content)
    except ValidationError as error:
        first = error.errors(include_url=False, include_context=False, include_input=False)[0]
        # Its place would name keys of rooms.
        raise LeaseDocumentError(first["msg"]) from None
    rooms = (room.remembered(key, clock_offset) for key, room in document.rooms.items())
    return LeaseDocument(bytes.fromhex(document.key), tuple(rooms))


def render_room(room: RememberedRoom, *, clock_offset: float) -> bytes:
    """Return one room as a member of the document's `rooms`."""
    leases = {str(lease.mac): _rendered(lease, clock_offset) for lease in room.leases}
    body = {"network": str(room.network), "leases": leases}
    return f'"{room.key}":{json.dumps(body, separators=(",", ":"))}'.encode()


def render_leases(key: bytes, rooms: Iterable[bytes]) -> bytes:
    """Return the document of rooms that are rendered already."""
    head = f'{{"version":{_VERSION},"key":"{key.hex()}","rooms":{{'
    return head.encode() + b",\n".join(rooms) + b"}}\n"


def _rendered(lease: RememberedLease, clock_offset: float) -> dict[str, int]:
    if lease.left_at is None:
        return {"host": lease.host}
    return {"host": lease.host, "left_at": max(0, round(lease.left_at + clock_offset))}
