"""The frame log of a room or peer: opened, read again and again, closed.

The admin process asks for what a log holds, so that nothing waits on the link for a slow reader.
"""

from typing import Literal

from lanparty_obs.frame_log import FrameLogged
from lanparty_relay.admin_link.commands import AnswerMessage, CommandMessage
from lanparty_relay.core import FrameLogEnd, FrameLogRefusal

__all__ = ["CloseFrameLog", "FrameLogAnswer", "FramesAnswer", "OpenFrameLog", "ReadFrameLog"]


class OpenFrameLog(CommandMessage):
    """Begin a log. A `FrameLogAnswer` follows."""

    type: Literal["open_frame_log"] = "open_frame_log"
    room_id: str
    peer_id: int | None
    """None for all peers of the room."""
    frames_per_second: int


class ReadFrameLog(CommandMessage):
    """Take what a log holds. A `FramesAnswer` follows."""

    type: Literal["read_frame_log"] = "read_frame_log"
    log_id: int


class CloseFrameLog(CommandMessage):
    """End a log; done, whether it was open or not. An `Answer` follows."""

    type: Literal["close_frame_log"] = "close_frame_log"
    log_id: int


class FrameLogAnswer(AnswerMessage):
    """The log that was opened, or why none was."""

    type: Literal["frame_log_answer"] = "frame_log_answer"
    log_id: int | None = None
    refusal: FrameLogRefusal | None = None


class FramesAnswer(AnswerMessage):
    """What was taken from a log."""

    type: Literal["frames_answer"] = "frames_answer"
    frames: tuple[FrameLogged, ...]
    passed_over: int
    """Datagrams behind the last of these that aren't in the log."""
    end: FrameLogEnd | None
    """Set if nothing follows."""
