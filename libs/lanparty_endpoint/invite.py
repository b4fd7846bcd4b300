"""The invite: one link that holds all that a friend needs to come into a room.

    softlan://HOST[:PORT]/CODE[#sha256:PIN]

The room's code and the relay's pin travel in it, so it is as secret as the code. The pin stands in
the fragment; an invite without one trusts the system's certificate authorities. docs/protocol.md
is the reference.
"""

from dataclasses import dataclass
from typing import Final, Self
from urllib.parse import SplitResult, urlsplit

from pydantic import TypeAdapter, ValidationError

from lanparty_command import DEFAULT_RELAY_PORT, AddressError, RelayAddress
from lanparty_ctrl import RoomCodeError
from lanparty_ctrl.fields import Pin
from lanparty_endpoint.typed_room import TypedRoom
from lanparty_obs.redaction import SecretText

__all__ = ["INVITE_SCHEME", "Invite", "InviteError"]

INVITE_SCHEME: Final = "softlan"

_LONGEST: Final = 512
"""Characters: the longest host, port, code and pin, and room to spare."""

_FORM: Final = "an invite looks like softlan://relay.example/CODE#sha256:..."
_CODE_ALONE: Final = ". With the code alone: --relay HOST --room CODE, and the relay's --pin"
_PIN: Final[TypeAdapter[str]] = TypeAdapter(Pin)


class InviteError(ValueError):
    """The text is no invite; the message says what is wrong with it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Invite:
    """A relay, a room on it, and how to know the relay."""

    relay: RelayAddress
    room: TypedRoom
    pin: str | None = None
    """None: an authority vouches for the relay."""

    @classmethod
    def parse(cls, text: str) -> Self:
        """Read an invite as it was pasted, white space around it aside; raise `InviteError`."""
        written = text.strip().strip("<>")  # as mail programs put around a link
        if len(written) > _LONGEST:
            raise InviteError(f"an invite has at most {_LONGEST} characters")
        if not written.isascii() or " " in written or not written.isprintable():
            raise InviteError(f"it has a space, or a character that isn't ASCII; {_FORM}")
        try:
            parts = urlsplit(written)
        except ValueError:
            raise InviteError(_FORM) from None
        if parts.scheme != INVITE_SCHEME or not parts.netloc or parts.query or "@" in parts.netloc:
            raise InviteError(_FORM + (_CODE_ALONE if _is_code(written) else ""))
        return cls(relay=_relay(parts), room=_room(parts), pin=_pin(parts))

    def link(self) -> SecretText:
        """Write it as a link that `parse` reads."""
        port = self.relay.port
        shown = str(self.relay)
        if port == DEFAULT_RELAY_PORT:
            shown = shown.removesuffix(f":{port}")
        fragment = f"#{self.pin}" if self.pin is not None else ""
        code = self.room.spelling.replace(" ", "-")
        return SecretText(f"{INVITE_SCHEME}://{shown}/{code}{fragment}")


def _is_code(text: str) -> bool:
    try:
        TypedRoom.parse(text)
    except RoomCodeError:
        return False
    return True


def _relay(parts: SplitResult) -> RelayAddress:
    try:
        return RelayAddress.parse(parts.netloc)
    except AddressError as error:
        raise InviteError(f"the relay in it: {error}") from None


def _room(parts: SplitResult) -> TypedRoom:
    code = parts.path.strip("/")
    if not code:
        raise InviteError(f"the room's code is missing; {_FORM}")
    try:
        return TypedRoom.parse(code)
    except RoomCodeError as error:
        raise InviteError(f"the room's code in it: {error}") from None


def _pin(parts: SplitResult) -> str | None:
    if not parts.fragment:
        return None
    try:
        return _PIN.validate_python(parts.fragment)
    except ValidationError:
        raise InviteError("the pin in it is cut off or damaged: ask for the invite again") from None
