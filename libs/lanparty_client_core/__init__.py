"""What every endpoint needs, free of any platform: a session between a frame port and a relay.

The front of the package is pure. Two modules beside it act:

    lanparty_client_core.join        binds a socket, drives a session (asyncio)
    lanparty_client_core.resolving   resolves the relay's name, in a thread
"""

from lanparty_client_core.attempt import RelayTarget
from lanparty_client_core.conversation import Conversation
from lanparty_client_core.events import (
    LeaseChanged,
    MemberChanged,
    MemberJoined,
    MemberLeft,
    Observer,
    SessionEnded,
    SessionEvent,
    SessionState,
    StateChanged,
    Welcomed,
)
from lanparty_client_core.lasting import LastingSession
from lanparty_client_core.memory_port import InMemoryPort
from lanparty_client_core.persistence import Persistence
from lanparty_client_core.port import FRAMES_PER_READ, FramePort
from lanparty_client_core.pump import FrameDrop, FramePump, PumpCounters
from lanparty_client_core.station import Station

__all__ = [
    "FRAMES_PER_READ",
    "Conversation",
    "FrameDrop",
    "FramePort",
    "FramePump",
    "InMemoryPort",
    "LastingSession",
    "LeaseChanged",
    "MemberChanged",
    "MemberJoined",
    "MemberLeft",
    "Observer",
    "Persistence",
    "PumpCounters",
    "RelayTarget",
    "SessionEnded",
    "SessionEvent",
    "SessionState",
    "StateChanged",
    "Station",
    "Welcomed",
]
