"""What the admin process has the relay do, and what became of it.

A command carries a number of the admin process's choice, and its answer has the same. An answer
that carries more than yes or no is a class of its own, in the module of its subject.
"""

from typing import Literal

from pydantic import Field

from lanparty_ctrl.fields import RoomCodeField
from lanparty_relay.admin_link.message import LinkMessage
from lanparty_relay.core import RoomRefusal

__all__ = [
    "Answer",
    "AnswerMessage",
    "ChangeRoom",
    "CloseRoom",
    "CommandMessage",
    "KickPeer",
    "OpenRoom",
    "RoomAnswer",
]


class CommandMessage(LinkMessage):
    """Asks the relay to do something."""

    command_id: int


class AnswerMessage(LinkMessage):
    """Says what became of the command with this number."""

    command_id: int


class KickPeer(CommandMessage):
    """End a member's session as `kicked`."""

    type: Literal["kick_peer"] = "kick_peer"
    room_id: str
    peer_id: int


class CloseRoom(CommandMessage):
    """End every session of a room as `room_closed`."""

    type: Literal["close_room"] = "close_room"
    room_id: str


class OpenRoom(CommandMessage):
    """Make a room ahead: it stays until it is closed or expires. A `RoomAnswer` follows."""

    type: Literal["open_room"] = "open_room"
    code: RoomCodeField | None = Field(default=None, repr=False)
    """None: the relay makes one."""
    mtu: int | None = None
    """None: the relay's setting."""
    peers_limit: int | None = None
    """None: the relay's limit alone."""
    expires_at: float | None = None
    """When it is closed by itself; None for never."""


class ChangeRoom(CommandMessage):
    """Give a room that was made ahead another limit and another end. A `RoomAnswer` follows."""

    type: Literal["change_room"] = "change_room"
    room_id: str
    peers_limit: int | None
    expires_at: float | None


class Answer(AnswerMessage):
    """Done or not."""

    type: Literal["answer"] = "answer"
    done: bool
    """False: there was no such room or peer."""


class RoomAnswer(AnswerMessage):
    """The room that was made or changed, or why none was."""

    type: Literal["room_answer"] = "room_answer"
    room_id: str | None = None
    """The new room, or the one that has the code already."""
    refusal: RoomRefusal | None = None
