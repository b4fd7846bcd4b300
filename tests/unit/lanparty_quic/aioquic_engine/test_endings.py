"""How a QUIC close is told."""

import pytest
from aioquic.quic.events import ConnectionTerminated

from lanparty_obs.codes import SessionEnd, quic_error_code
from lanparty_quic.aioquic_engine.endings import end_of

INTERNAL_ERROR = 0x1
FLOW_CONTROL_ERROR = 0x3
NO_VIABLE_PATH = 0x10
BAD_CERTIFICATE = 0x100 + 42
NO_APPLICATION_PROTOCOL = 0x100 + 120


def terminated(code: int, *, by_application: bool = False) -> ConnectionTerminated:
    frame_type = None if by_application else 0
    return ConnectionTerminated(error_code=code, frame_type=frame_type, reason_phrase="")


@pytest.mark.parametrize("end", list(SessionEnd))
def test_every_code_of_the_peer_survives(end: SessionEnd) -> None:
    event = terminated(quic_error_code(end), by_application=True)
    for connected in (True, False):
        assert end_of(event, by_peer=True, connected=connected, dialed=True) is end


@pytest.mark.parametrize(
    ("code", "by_peer", "connected", "dialed", "end"),
    [
        (INTERNAL_ERROR, False, True, False, SessionEnd.IDLE),
        (INTERNAL_ERROR, False, True, True, SessionEnd.CONNECTION_LOST),
        (INTERNAL_ERROR, True, True, True, SessionEnd.CONNECTION_LOST),
        (FLOW_CONTROL_ERROR, False, True, False, SessionEnd.PROTOCOL_ERROR),
        (FLOW_CONTROL_ERROR, True, True, True, SessionEnd.CONNECTION_LOST),
        (NO_VIABLE_PATH, False, True, False, SessionEnd.CONNECTION_LOST),
        (BAD_CERTIFICATE, False, False, True, SessionEnd.CERTIFICATE),
        (BAD_CERTIFICATE, True, False, True, SessionEnd.RELAY_UNREACHABLE),
        (NO_APPLICATION_PROTOCOL, True, False, True, SessionEnd.VERSION),
        (NO_APPLICATION_PROTOCOL, False, False, True, SessionEnd.VERSION),
        (INTERNAL_ERROR, False, False, True, SessionEnd.RELAY_UNREACHABLE),
    ],
)
def test_a_close_of_the_transport(
    code: int, by_peer: bool, connected: bool, dialed: bool, end: SessionEnd
) -> None:
    event = terminated(code)
    assert end_of(event, by_peer=by_peer, connected=connected, dialed=dialed) is end
