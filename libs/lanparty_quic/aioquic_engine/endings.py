"""How a QUIC connection's end is told as a `SessionEnd`."""

from typing import Final

from aioquic.quic.events import ConnectionTerminated
from aioquic.quic.packet import QuicErrorCode
from aioquic.tls import AlertDescription

from lanparty_obs.codes import SessionEnd, session_end_of
from lanparty_obs.reasons import HandshakeFailure

__all__ = ["NO_ANSWER", "end_of", "failure_of"]

NO_ANSWER: Final = "no answer"

_ALERTS: Final = range(QuicErrorCode.CRYPTO_ERROR, QuicErrorCode.CRYPTO_ERROR + 0x100)
"""TLS alerts as QUIC errors (RFC 9001 section 4.8)."""

_OTHER_PROTOCOL: Final = QuicErrorCode.CRYPTO_ERROR + AlertDescription.no_application_protocol


def end_of(
    event: ConnectionTerminated, *, by_peer: bool, connected: bool, dialed: bool
) -> SessionEnd:
    """Translate a close of either side; the one that aioquic decided for itself included."""
    if by_peer and event.frame_type is None:
        # A code of a newer softlan is no reason to stay away: it names nothing that is final here.
        return session_end_of(event.error_code) or SessionEnd.CONNECTION_LOST
    if event.error_code == _OTHER_PROTOCOL:
        return SessionEnd.VERSION
    if not connected:
        if event.error_code in _ALERTS and not by_peer:
            return SessionEnd.CERTIFICATE
        return SessionEnd.RELAY_UNREACHABLE
    if by_peer or event.error_code == QuicErrorCode.NO_VIABLE_PATH:
        return SessionEnd.CONNECTION_LOST
    if event.error_code == QuicErrorCode.INTERNAL_ERROR:
        # aioquic's idle timeout; it has no code of its own because nothing is sent for it.
        return SessionEnd.CONNECTION_LOST if dialed else SessionEnd.IDLE
    return SessionEnd.PROTOCOL_ERROR


def failure_of(event: ConnectionTerminated, *, by_peer: bool) -> HandshakeFailure:
    """Tell why a connection that ended before its handshake was complete came to nothing."""
    if event.error_code == _OTHER_PROTOCOL:
        return HandshakeFailure.OTHER_PROTOCOL
    if by_peer:
        return HandshakeFailure.CLOSED_BY_PEER
    if event.error_code in _ALERTS:
        return HandshakeFailure.TLS
    return HandshakeFailure.TRANSPORT
