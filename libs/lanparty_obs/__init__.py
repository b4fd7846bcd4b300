"""What softlan tells about itself: codes with their sentences, drop reasons, counters, diagnostics.

Everything here is pure but for `lanparty_obs.logging`, which the programs import by its own name.
"""

from lanparty_obs.codes import (
    FINAL_CODES,
    SessionEnd,
    quic_error_code,
    render_codes,
    sentence,
    session_end_of,
)
from lanparty_obs.counters import TunnelCounters
from lanparty_obs.diagnostics import ClientDiagnostics, ClientStatus, LastError, MemberStatus
from lanparty_obs.frame_log import FrameDirection, FrameLogged, FrameSampler
from lanparty_obs.reasons import (
    Cast,
    EgressDrop,
    HandshakeFailure,
    IngressDrop,
    PacketDrop,
    describe,
)
from lanparty_obs.redaction import REDACTED, SecretText, redacted

__all__ = [
    "FINAL_CODES",
    "REDACTED",
    "Cast",
    "ClientDiagnostics",
    "ClientStatus",
    "EgressDrop",
    "FrameDirection",
    "FrameLogged",
    "FrameSampler",
    "HandshakeFailure",
    "IngressDrop",
    "LastError",
    "MemberStatus",
    "PacketDrop",
    "SecretText",
    "SessionEnd",
    "TunnelCounters",
    "describe",
    "quic_error_code",
    "redacted",
    "render_codes",
    "sentence",
    "session_end_of",
]
