"""What relay and admin process say to each other over their socket pair, and how it is framed.

    relay -> admin   Configuration, then every RoomRecord and PeerRecord, then Synchronised;
                     from then on what changes, as it happens, a Heartbeat each second, and one
                     of AnyAnswer to each command, after the changes that it caused; EventTold
                     for what happened, unless too much waits to be read already; Configuration
                     again when the relay has a new token or pin
    admin -> relay   Serving once it answers HTTP, HeartbeatSeen, and commands

Each message is a length and so many bytes of JSON (`framing`); `messages` lists them all. Both
ends are of one version, so whatever doesn't fit is a fault of ours, and the link ends. Times are
seconds of the system's monotonic clock, which both processes share.
"""

from lanparty_relay.admin_link.commands import (
    Answer,
    AnswerMessage,
    ChangeRoom,
    CloseRoom,
    CommandMessage,
    KickPeer,
    OpenRoom,
    RoomAnswer,
)
from lanparty_relay.admin_link.events import (
    AdminStartedEvent,
    Event,
    EventTold,
    EventType,
    HelloRejectedEvent,
    PeerJoinedEvent,
    PeerLeftEvent,
    PeerMovedEvent,
    RelayStartedEvent,
    RelayStoppingEvent,
    RoomChangedEvent,
    RoomClosedEvent,
    RoomOpenedEvent,
    RoomRenumberedEvent,
    SessionFaultedEvent,
    StandbysChangedEvent,
)
from lanparty_relay.admin_link.frames import (
    CloseFrameLog,
    FrameLogAnswer,
    FramesAnswer,
    OpenFrameLog,
    ReadFrameLog,
)
from lanparty_relay.admin_link.framing import (
    LinkBroken,
    LinkDecoder,
    encode,
)
from lanparty_relay.admin_link.inventory_records import (
    InventoryChange,
    PeerGone,
    PeerMoved,
    PeerRecord,
    PeerReported,
    Report,
    RoomChange,
    RoomGone,
    RoomMoved,
    RoomRecord,
    RoomStandbys,
)
from lanparty_relay.admin_link.message import (
    LinkMessage,
)
from lanparty_relay.admin_link.messages import (
    AnyAnswer,
    Command,
    FromAdmin,
    ToAdmin,
)
from lanparty_relay.admin_link.process_records import (
    HEARTBEAT_SECONDS,
    Configuration,
    Heartbeat,
    HeartbeatSeen,
    LimitsRecord,
    Serving,
    Synchronised,
)

__all__ = [
    "HEARTBEAT_SECONDS",
    "AdminStartedEvent",
    "Answer",
    "AnswerMessage",
    "AnyAnswer",
    "ChangeRoom",
    "CloseFrameLog",
    "CloseRoom",
    "Command",
    "CommandMessage",
    "Configuration",
    "Event",
    "EventTold",
    "EventType",
    "FrameLogAnswer",
    "FramesAnswer",
    "FromAdmin",
    "Heartbeat",
    "HeartbeatSeen",
    "HelloRejectedEvent",
    "InventoryChange",
    "KickPeer",
    "LimitsRecord",
    "LinkBroken",
    "LinkDecoder",
    "LinkMessage",
    "OpenFrameLog",
    "OpenRoom",
    "PeerGone",
    "PeerJoinedEvent",
    "PeerLeftEvent",
    "PeerMoved",
    "PeerMovedEvent",
    "PeerRecord",
    "PeerReported",
    "ReadFrameLog",
    "RelayStartedEvent",
    "RelayStoppingEvent",
    "Report",
    "RoomAnswer",
    "RoomChange",
    "RoomChangedEvent",
    "RoomClosedEvent",
    "RoomGone",
    "RoomMoved",
    "RoomOpenedEvent",
    "RoomRecord",
    "RoomRenumberedEvent",
    "RoomStandbys",
    "Serving",
    "SessionFaultedEvent",
    "StandbysChangedEvent",
    "Synchronised",
    "ToAdmin",
    "encode",
]
