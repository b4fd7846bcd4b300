"""What happens to an endpoint, as a line for a person and as an object for a program.

One value serves every way out: printed, as a JSON line of `--json`, and over the local socket from
the service to whoever asked it to join. Pure; the time of day is an argument.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from typing import Final, Self

from lanparty_client_core import MemberChanged, MemberJoined, MemberLeft
from lanparty_ctrl import PeerJoined
from lanparty_endpoint.telling import told

__all__ = ["Happening", "Weight", "member_fields", "of_member"]


class Weight(StrEnum):
    """Who should read it."""

    DETAIL = "detail"
    """Whoever asked for details."""
    NORMAL = "normal"
    IMPORTANT = "important"
    """Everybody, whoever asked for quiet too."""
    COMPLAINT = "complaint"
    """Everybody: it explains an exit code other than 0."""


_OWN_FIELDS: Final = frozenset({"time", "event", "message", "weight"})


@dataclass(frozen=True, slots=True)
class Happening:
    """Something that happened."""

    event: str
    """What kind of thing, for programs."""
    message: str
    """What a person reads. Names in it come from other people: print it without markup."""
    fields: Mapping[str, object] = field(default_factory=dict)
    """What more a program wants to know, as plain values for JSON."""
    weight: Weight = Weight.NORMAL
    names: tuple[str, ...] = ()
    """Other people's names in it, which a bug report leaves out. They don't travel."""

    def to_dict(self, *, time: datetime) -> dict[str, object]:
        """Return plain values for JSON."""
        return {
            "time": time.isoformat(timespec="milliseconds"),
            "event": self.event,
            "message": self.message,
            "weight": self.weight.value,
        } | dict(self.fields)

    @classmethod
    def from_dict(cls, values: Mapping[str, object]) -> Self:
        """Read what `to_dict` wrote; what is missing or odd becomes empty or normal."""
        weight = str(values.get("weight", ""))
        return cls(
            event=str(values.get("event", "")),
            message=str(values.get("message", "")),
            fields={name: value for name, value in values.items() if name not in _OWN_FIELDS},
            weight=Weight(weight) if weight in set(Weight) else Weight.NORMAL,
        )


def of_member(event: MemberJoined | MemberChanged | MemberLeft) -> Happening:
    """Tell that somebody came, went, or has another name or address."""
    fields: dict[str, object] = {"member": member_fields(event.member)}
    names: tuple[str, ...] = (event.member.name,)
    match event:
        case MemberJoined():
            return Happening("member_joined", told(event), fields, names=names)
        case MemberChanged(member=member, before=before):
            # Another peer id is the relay's affair.
            seen = (member.name, member.address) != (before.name, before.address)
            weight = Weight.NORMAL if seen else Weight.DETAIL
            names = (event.member.name, before.name)
            return Happening("member_changed", told(event), fields, weight, names)
        case MemberLeft(reason=reason):
            fields = {"reason": reason.value} | fields
            return Happening("member_left", told(event), fields, names=names)


def member_fields(member: PeerJoined) -> dict[str, object]:
    """Return what is known of a member, as plain values."""
    return {
        "peer_id": member.peer_id,
        "name": member.name,
        "role": member.role.value,
        "mac": None if member.mac is None else str(member.mac),
        "address": None if member.address is None else str(member.address),
    }
