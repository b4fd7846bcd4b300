"""Every message there is, by who sends it."""

from typing import TypeAlias

from lanparty_relay.admin_link.commands import (
    Answer,
    ChangeRoom,
    CloseRoom,
    KickPeer,
    OpenRoom,
    RoomAnswer,
)
from lanparty_relay.admin_link.events import EventTold
from lanparty_relay.admin_link.frames import (
    CloseFrameLog,
    FrameLogAnswer,
    FramesAnswer,
    OpenFrameLog,
    ReadFrameLog,
)
from lanparty_relay.admin_link.inventory_records import InventoryChange
from lanparty_relay.admin_link.process_records import (
    Configuration,
    Heartbeat,
    HeartbeatSeen,
    Serving,
    Synchronised,
)

__all__ = ["AnyAnswer", "Command", "FromAdmin", "ToAdmin"]

AnyAnswer: TypeAlias = Answer | RoomAnswer | FrameLogAnswer | FramesAnswer
"""What ends a command's waiting."""

Command: TypeAlias = (
    KickPeer | CloseRoom | OpenRoom | ChangeRoom | OpenFrameLog | ReadFrameLog | CloseFrameLog
)

ToAdmin: TypeAlias = (
    Configuration | InventoryChange | Synchronised | Heartbeat | AnyAnswer | EventTold
)
FromAdmin: TypeAlias = Serving | HeartbeatSeen | Command
