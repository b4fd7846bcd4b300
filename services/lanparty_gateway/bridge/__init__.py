"""What crosses between a LAN and a room, and when nothing does. Without any I/O."""

from lanparty_gateway.bridge.bridge import AddressTranslation, Bridge
from lanparty_gateway.bridge.drops import BridgeCounters, LanDrop, RoomDrop, WayCounters
from lanparty_gateway.bridge.loop_station import LoopStation
from lanparty_gateway.bridge.policy import (
    BROADCAST_RATE,
    ROOM_BROADCAST_RATE,
    ROOM_RATE,
    BridgePolicy,
    DhcpPolicy,
    RouterAdvertisementPolicy,
)
from lanparty_gateway.bridge.states import (
    AddressContested,
    BridgeEvent,
    BridgeState,
    ForwardingBegan,
    ForwardingStopped,
    HostAsked,
    Phase,
    SecondGatewayHeard,
    StopReason,
)

__all__ = [
    "BROADCAST_RATE",
    "ROOM_BROADCAST_RATE",
    "ROOM_RATE",
    "AddressContested",
    "AddressTranslation",
    "Bridge",
    "BridgeCounters",
    "BridgeEvent",
    "BridgePolicy",
    "BridgeState",
    "DhcpPolicy",
    "ForwardingBegan",
    "ForwardingStopped",
    "HostAsked",
    "LanDrop",
    "LoopStation",
    "Phase",
    "RoomDrop",
    "RouterAdvertisementPolicy",
    "SecondGatewayHeard",
    "StopReason",
    "WayCounters",
]
