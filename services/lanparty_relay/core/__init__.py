"""The relay's decisions, pure: rooms, admission, switch, control sessions, counters.

`Relay` is all that the shell drives; its module shows how a turn goes.
"""

from lanparty_relay.core.actions import Action, CloseConnection, LimitDatagrams, SendControl
from lanparty_relay.core.blocks import RELAY_BLOCK, CounterBlocks
from lanparty_relay.core.cutting import cut_copy
from lanparty_relay.core.events import (
    HelloRejected,
    LifecycleEvent,
    MemberJoined,
    MemberLeft,
    MemberMoved,
    MemberReported,
    RoomChanged,
    RoomClosed,
    RoomEnd,
    RoomOpened,
    RoomRenumbered,
    SessionFault,
    SessionFaulted,
    StandbysChanged,
)
from lanparty_relay.core.frame_log import (
    FRAME_LOGS,
    FRAMES_PER_SECOND_CEILING,
    FrameLogEnd,
    FrameLogRefusal,
)
from lanparty_relay.core.guards import Guard, PassEverything
from lanparty_relay.core.lasting_rooms import KeptRoom, RoomOrder, RoomRefusal, RoomRefused
from lanparty_relay.core.lease_records import (
    FIRST_HOST,
    LAST_HOST,
    RememberedLease,
    RememberedRoom,
)
from lanparty_relay.core.leases import (
    LEASE_KEY_BYTES,
    LEASE_SECONDS,
    ROOM_KEY_BYTES,
    LeaseBook,
)
from lanparty_relay.core.limits import (
    CONTROL_BYTES_IN_ALL,
    PEERS_PER_ROOM_CEILING,
    RelayLimits,
)
from lanparty_relay.core.relay import Relay
from lanparty_relay.core.rooms import Room
from lanparty_relay.core.session_counts import SessionCounts
from lanparty_relay.core.subnets import ROOM_PREFIX_LENGTH

__all__ = [
    "CONTROL_BYTES_IN_ALL",
    "FIRST_HOST",
    "FRAMES_PER_SECOND_CEILING",
    "FRAME_LOGS",
    "LAST_HOST",
    "LEASE_KEY_BYTES",
    "LEASE_SECONDS",
    "PEERS_PER_ROOM_CEILING",
    "RELAY_BLOCK",
    "ROOM_KEY_BYTES",
    "ROOM_PREFIX_LENGTH",
    "Action",
    "CloseConnection",
    "CounterBlocks",
    "FrameLogEnd",
    "FrameLogRefusal",
    "Guard",
    "HelloRejected",
    "KeptRoom",
    "LeaseBook",
    "LifecycleEvent",
    "LimitDatagrams",
    "MemberJoined",
    "MemberLeft",
    "MemberMoved",
    "MemberReported",
    "PassEverything",
    "Relay",
    "RelayLimits",
    "RememberedLease",
    "RememberedRoom",
    "Room",
    "RoomChanged",
    "RoomClosed",
    "RoomEnd",
    "RoomOpened",
    "RoomOrder",
    "RoomRefusal",
    "RoomRefused",
    "RoomRenumbered",
    "SendControl",
    "SessionCounts",
    "SessionFault",
    "SessionFaulted",
    "StandbysChanged",
    "cut_copy",
]
