"""What the control plane refuses, by whose fault it is.

CtrlError
+-- ProtocolViolation    the remote peer broke the protocol: its session ends
+-- UnfitTextError       a text breaks a rule; also a ValueError
+-- DisplayNameError     it can't be a display name
+-- RoomCodeError        it is no room code
"""

from typing import Final

from lanparty_obs.codes import SessionEnd

__all__ = ["CtrlError", "DisplayNameError", "ProtocolViolation", "RoomCodeError", "UnfitTextError"]


class CtrlError(Exception):
    """Base of everything that this package raises."""


class ProtocolViolation(CtrlError):  # noqa: N818  docs/protocol.md calls it a violation
    """The remote peer sent what the protocol has no place for.

    Whatever raised it takes nothing more from that peer: end the session with `code`. The text
    is printable, bounded, and holds no secret, so it may be logged and sent as a `disconnect`'s.
    """

    code: Final = SessionEnd.PROTOCOL_ERROR


class UnfitTextError(CtrlError, ValueError):
    """A text that a person typed breaks a rule; the message says which, as a sentence."""


class DisplayNameError(UnfitTextError):
    """The text can't be a display name."""


class RoomCodeError(UnfitTextError):
    """The text is no room code. The message doesn't repeat it: a room code is a secret."""
