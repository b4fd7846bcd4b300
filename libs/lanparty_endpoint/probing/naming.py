"""Finds the member that a person means: by name, by address or by peer id."""

from collections.abc import Iterable, Mapping
from ipaddress import AddressValueError, IPv4Address
from types import MappingProxyType
from typing import Final

from lanparty_ctrl import PeerJoined
from lanparty_proto import MacAddress

__all__ = ["PlayerNotFoundError", "find_member"]

_NAMES_SHOWN: Final = 8


class PlayerNotFoundError(Exception):
    """Nobody in the room is meant, or it isn't clear who. The text is for the person."""


def find_member(
    said: str,
    members: Iterable[PeerJoined],
    *,
    seen: Mapping[MacAddress, IPv4Address] = MappingProxyType({}),
) -> PeerJoined:
    """Return the member that `said` names; raise `PlayerNotFoundError` otherwise.

    `seen` are addresses that members use beside the leased ones.
    A whole name wins over the beginning of one, and a name over a peer id; case doesn't matter.
    """
    present = sorted(members, key=lambda member: member.peer_id)
    wanted = said.strip().casefold()
    for fits in (
        lambda member: member.name.casefold() == wanted,
        lambda member: wanted in _numbers_of(member, seen),
        lambda member: bool(wanted) and member.name.casefold().startswith(wanted),
    ):
        found = [member for member in present if fits(member)]
        if len(found) == 1:
            return found[0]
        if found:
            choices = ", ".join(f"{member.peer_id} ({member.name})" for member in found)
            raise PlayerNotFoundError(
                f"{said!r} fits {len(found)} players. Write the number of the one you mean: "
                f"{choices}."
            )
    raise PlayerNotFoundError(_nobody(said, present))


def _numbers_of(member: PeerJoined, seen: Mapping[MacAddress, IPv4Address]) -> tuple[str, ...]:
    used = None if member.mac is None else seen.get(MacAddress.parse(str(member.mac)))
    numbers = (member.peer_id, f"#{member.peer_id}", member.mac, member.address, used)
    return tuple(str(number).casefold() for number in numbers if number is not None)


def _nobody(said: str, present: list[PeerJoined]) -> str:
    if not present:
        return f"Nobody else is in the room, so there is no {said!r}."
    names = ", ".join(member.name for member in present[:_NAMES_SHOWN])
    more = len(present) - _NAMES_SHOWN
    others = f"{names} and {more} more" if more > 0 else names
    try:
        IPv4Address(said.strip())
    except AddressValueError:
        return f"Nobody in the room is called {said!r}. Here are: {others}."
    return (
        f"No player is known to use the address {said}. Here are: {others}. Anything else in the "
        "room answers the system's own ping."
    )
