"""The fields that messages are made of: each type checks itself, and each has a limit.

They take the JSON spelling and the ready value alike, so that a message is built in code with the
same checks as one that came from the wire.
"""

from collections.abc import Mapping
from dataclasses import fields
from enum import StrEnum
from ipaddress import IPv4Address, IPv4Network, IPv6Network
from typing import Annotated, Any, Final, TypeAlias, TypeVar

from pydantic import AfterValidator, Field, PlainSerializer, PlainValidator

from lanparty_ctrl.names import display_name, human_text
from lanparty_ctrl.room_codes import RoomCode
from lanparty_obs.counters import TunnelCounters
from lanparty_obs.reasons import Cast, EgressDrop, IngressDrop
from lanparty_proto.mac import MacAddress

__all__ = [
    "Counters",
    "Credential",
    "DatagramBudget",
    "DisplayName",
    "Features",
    "HostName",
    "HumanText",
    "Ipv4",
    "Mac",
    "Nonce",
    "PeerId",
    "Pin",
    "PortMtu",
    "Prefix",
    "PublicRoomId",
    "ResumeToken",
    "RoomCodeField",
    "RoomMtu",
    "ServerVersion",
    "Version",
]

_COUNT_LIMIT: Final = 2**63
_COUNTERS_LIMIT: Final = 64
"""Entries that a map of counts may have: more reasons than a later version will ever add."""
_NETWORK_TEXT_LIMIT: Final = 49
"""Characters of the longest IPv6 prefix, with an embedded IPv4 address."""


def _read_mac(value: object) -> MacAddress:
    if isinstance(value, str):
        value = MacAddress.parse(value)
    if not isinstance(value, MacAddress):
        raise ValueError("a MAC address is written as 02:00:5e:10:00:01")
    # Whether a universally administered address may join is the relay's setting, not the wire's.
    return value.require_identity(allow_universal=True)


def _read_room_code(value: object) -> RoomCode:
    if not isinstance(value, str):
        raise ValueError("a room code is a string")
    return RoomCode.parse(value)


def _read_ipv4(value: object) -> IPv4Address:
    if isinstance(value, IPv4Address):
        return value
    if not isinstance(value, str):
        raise ValueError("an IPv4 address is written as 10.0.0.1")
    return IPv4Address(value)


def _read_prefix(value: object) -> IPv4Network | IPv6Network:
    if isinstance(value, IPv4Network | IPv6Network):
        return value
    if not isinstance(value, str) or len(value) > _NETWORK_TEXT_LIMIT or "%" in value:
        raise ValueError("a prefix is written as 10.0.0.0/24 or fd00::/64")
    return IPv6Network(value) if ":" in value else IPv4Network(value)


Mac: TypeAlias = Annotated[
    MacAddress, PlainValidator(_read_mac), PlainSerializer(str, return_type=str)
]
"""A unicast address that isn't zero."""

RoomCodeField: TypeAlias = Annotated[
    RoomCode, PlainValidator(_read_room_code), PlainSerializer(str, return_type=str)
]
Ipv4: TypeAlias = Annotated[
    IPv4Address, PlainValidator(_read_ipv4), PlainSerializer(str, return_type=str)
]
Prefix: TypeAlias = Annotated[
    IPv4Network | IPv6Network, PlainValidator(_read_prefix), PlainSerializer(str, return_type=str)
]

DisplayName: TypeAlias = Annotated[str, AfterValidator(display_name)]
HumanText: TypeAlias = Annotated[str, AfterValidator(human_text)]

Version: TypeAlias = Annotated[int, Field(ge=1, le=255)]
PeerId: TypeAlias = Annotated[int, Field(ge=1, le=65_535)]
"""A member of one room; 0 is reserved for "not yet known"."""
RoomMtu: TypeAlias = Annotated[int, Field(ge=1_280, le=1_500)]
PortMtu: TypeAlias = Annotated[int, Field(ge=0, le=65_535)]
"""Not the least that a room asks for: too small a port is admission's to refuse, by its code."""
DatagramBudget: TypeAlias = Annotated[int, Field(ge=0, le=65_535)]
"""Not the least that softlan asks for, as `PortMtu`."""
Nonce: TypeAlias = Annotated[int, Field(ge=0, lt=2**53)]
"""An integer that every JSON parser reads exactly (RFC 8259 section 6)."""

PublicRoomId: TypeAlias = Annotated[str, Field(pattern=r"^[A-Za-z0-9_-]{1,32}$")]
ResumeToken: TypeAlias = Annotated[str, Field(pattern=r"^[0-9a-f]{32}$")]
Credential: TypeAlias = Annotated[str, Field(pattern=r"^[!-~]{1,4096}$")]
Pin: TypeAlias = Annotated[str, Field(pattern=r"^sha256:[A-Za-z0-9_-]{43}$")]
HostName: TypeAlias = Annotated[str, Field(pattern=r"^[A-Za-z0-9._:-]{1,253}$")]
ServerVersion: TypeAlias = Annotated[str, Field(pattern=r"^[ -~]{0,64}$")]
Feature: TypeAlias = Annotated[str, Field(pattern=r"^[!-~]{1,32}$")]
Features: TypeAlias = Annotated[
    frozenset[Feature],
    Field(max_length=32),
    PlainSerializer(sorted, return_type=list[str]),
]

ReasonT = TypeVar("ReasonT", bound=StrEnum)

_COUNT_NAMES: Final = (
    "received",
    "received_bytes",
    "chosen",
    "sent",
    "sent_bytes",
    "queued",
    "cut",
    "pieces",
)


_FIELD_NAMES: Final = tuple(field.name for field in fields(TunnelCounters))


def _read_count(value: object) -> int:
    if not isinstance(value, int) or isinstance(value, bool) or not 0 <= value < _COUNT_LIMIT:
        raise ValueError("a count is an integer from 0 up to, but not with, 2**63")
    return value


def _read_counts(kind: type[ReasonT], value: object) -> dict[ReasonT, int]:
    if not isinstance(value, Mapping) or len(value) > _COUNTERS_LIMIT:
        raise ValueError(f"counts by reason are an object of at most {_COUNTERS_LIMIT} fields")
    # As with fields, a reason that only a later version knows is ignored.
    return {reason: _read_count(value[reason]) for reason in kind if reason in value}


def _write_counters(counters: TunnelCounters) -> dict[str, Any]:  # Any: counts, or counts by reason
    # Not by `asdict`, which copies each key and value: that took a fifth of a relay's time.
    return {name: getattr(counters, name) for name in _FIELD_NAMES}


def _read_counters(value: object) -> TunnelCounters:
    if isinstance(value, TunnelCounters):
        value = _write_counters(value)
    if not isinstance(value, Mapping):
        raise ValueError("counters are an object")
    totals = {name: _read_count(value.get(name, 0)) for name in _COUNT_NAMES}
    return TunnelCounters(
        **totals,
        forwarded=_read_counts(Cast, value.get("forwarded", {})),
        dropped_ingress=_read_counts(IngressDrop, value.get("dropped_ingress", {})),
        dropped_egress=_read_counts(EgressDrop, value.get("dropped_egress", {})),
    )


Counters: TypeAlias = Annotated[
    TunnelCounters,
    PlainValidator(_read_counters),
    PlainSerializer(_write_counters, return_type=dict[str, int | dict[str, int]]),
]
"""Counts from 0 to 2**63 - 1; an absent one is 0."""
