"""A room code as a person typed it."""

from dataclasses import dataclass
from typing import Annotated, Self, TypeAlias

from pydantic import PlainValidator

from lanparty_ctrl import RoomCode
from lanparty_obs.redaction import SecretText

__all__ = ["Room", "TypedRoom"]


@dataclass(frozen=True, slots=True)
class TypedRoom:
    """A room code, and how the person who typed it spells it."""

    code: RoomCode
    spelling: SecretText

    @classmethod
    def parse(cls, text: str) -> Self:
        """Read a code as a person types it; raises `RoomCodeError`."""
        return cls(RoomCode.parse(text), SecretText(text.strip()))

    def spelled(self, code: RoomCode) -> SecretText:
        """Write a code as this person does, if it is this one, else grouped to be read aloud."""
        return self.spelling if code == self.code else code.spoken()


def _typed_room(value: object) -> TypedRoom:
    return value if isinstance(value, TypedRoom) else TypedRoom.parse(str(value))


Room: TypeAlias = Annotated[TypedRoom, PlainValidator(_typed_room)]
"""The field of a settings class that takes a room code."""
