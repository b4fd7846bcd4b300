"""Why a machine shouldn't be in the room at all, and the sentence for the player."""

from dataclasses import dataclass
from enum import StrEnum

__all__ = ["Refusal", "RefusalKind"]


class RefusalKind(StrEnum):
    """What speaks against it."""

    OWN_LAN = "own_lan"
    ADDRESS_TAKEN = "address_taken"
    ADDRESS_COLLIDES = "address_collides"


@dataclass(frozen=True, slots=True)
class Refusal:
    """A reason to leave, or not to join."""

    kind: RefusalKind
    sentence: str
