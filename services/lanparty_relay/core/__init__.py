"""The relay's decisions, pure: rooms, admission, switch, control sessions, counters.

`Relay` is all that the shell drives; its module shows how a turn goes.
"""

from lanparty_relay.core.actions import Action, CloseConnection, SendControl
from lanparty_relay.core.blocks import RELAY_BLOCK, CounterBlocks
from lanparty_relay.core.events import (
    HelloRejected,
    LifecycleEvent,
    MemberJoined,
    MemberLeft,
    MemberMoved,
    MemberReported,
    RoomClosed,
    RoomOpened,
    SessionFault,
    SessionFaulted,
)
from lanparty_relay.core.guards import Guard, PassEverything
from lanparty_relay.core.limits import PEERS_PER_ROOM_CEILING, RelayLimits
from lanparty_relay.core.relay import Relay
from lanparty_relay.core.session_counts import SessionCounts

__all__ = [
    "PEERS_PER_ROOM_CEILING",
    "RELAY_BLOCK",
    "Action",
    "CloseConnection",
    "CounterBlocks",
    "Guard",
    "HelloRejected",
    "LifecycleEvent",
    "MemberJoined",
    "MemberLeft",
    "MemberMoved",
    "MemberReported",
    "PassEverything",
    "Relay",
    "RelayLimits",
    "RoomClosed",
    "RoomOpened",
    "SendControl",
    "SessionCounts",
    "SessionFault",
    "SessionFaulted",
]
