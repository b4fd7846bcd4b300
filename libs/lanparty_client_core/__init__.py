"""What every endpoint needs, free of any platform: a session between a frame port and a relay.

The front of the package is pure. Two modules beside it act:

    lanparty_client_core.join      resolves the relay, binds a socket, drives a session (asyncio)
    lanparty_client_core.resume    keeps resume tokens in files, under a lock
"""

from lanparty_client_core.conversation import Conversation
from lanparty_client_core.events import (
    MemberJoined,
    MemberLeft,
    Observer,
    SessionEnded,
    SessionEvent,
    SessionState,
    StateChanged,
)
from lanparty_client_core.memory_port import InMemoryPort
from lanparty_client_core.port import FRAMES_PER_READ, FramePort
from lanparty_client_core.pump import FrameDrop, FramePump, PumpCounters
from lanparty_client_core.session import EndpointSession, RelayTarget

__all__ = [
    "FRAMES_PER_READ",
    "Conversation",
    "EndpointSession",
    "FrameDrop",
    "FramePort",
    "FramePump",
    "InMemoryPort",
    "MemberJoined",
    "MemberLeft",
    "Observer",
    "PumpCounters",
    "RelayTarget",
    "SessionEnded",
    "SessionEvent",
    "SessionState",
    "StateChanged",
]
