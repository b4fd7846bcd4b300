"""How a session's end is told, and which exit code it gives; pure."""

from typing import Final

from lanparty_client_core import SessionEnded
from lanparty_command import ExitCode
from lanparty_ctrl import RoomCode, has_valid_check
from lanparty_endpoint.exit_codes import exit_code_of
from lanparty_endpoint.happenings import Happening, Weight
from lanparty_obs.codes import SessionEnd

__all__ = ["ending", "exit_code", "failed", "left", "mistyped"]

_MADE_CODE_LENGTH: Final = 11


def exit_code(ended: SessionEnded, *, was_joined: bool) -> int:
    """Return the exit code of a session that ended so."""
    if ended.code is SessionEnd.LEFT and not was_joined:
        return int(ExitCode.INTERRUPTED)
    return exit_code_of(ended, joined=was_joined)


def ending(ended: SessionEnded, *, was_joined: bool, sentence: str = "") -> Happening:
    """Say why it is over, in the code's own sentence unless there is a better one."""
    code = exit_code(ended, was_joined=was_joined)
    return Happening(
        "ended",
        sentence or ended.sentence,
        {
            "code": ended.code.value,
            "detail": ended.text,
            "final": ended.final,
            "retry_after": ended.retry_after,
            "exit_code": code,
        },
        Weight.IMPORTANT if code == ExitCode.OK else Weight.COMPLAINT,
    )


def failed(sentence: str, *, exit_code: int) -> Happening:
    """Say what on this computer, or in the command, is in the way."""
    return Happening("failed", sentence, {"exit_code": exit_code}, Weight.COMPLAINT)


def mistyped(code: RoomCode | None, ended: SessionEnded) -> Happening | None:
    """Say that the code has probably a wrong symbol, if that is why there is no such room."""
    if ended.code is not SessionEnd.ROOM_UNKNOWN or code is None:
        return None
    if len(code) != _MADE_CODE_LENGTH or has_valid_check(code):
        return None
    return Happening(
        "hint",
        "The code's last symbol doesn't fit the others: one of them is probably mistyped.",
        weight=Weight.COMPLAINT,
    )


def left(*, was_joined: bool, has_waited: bool = False) -> Happening:
    """Say goodbye; `has_waited`: as a standby, for the place of another."""
    code = ExitCode.OK if was_joined or has_waited else ExitCode.INTERRUPTED
    text = "Left the room." if was_joined else "Gave up."
    if has_waited and not was_joined:
        text = "Stopped waiting."
    return Happening("left", text, {"exit_code": int(code)})
