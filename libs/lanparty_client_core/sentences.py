"""The sentence that a person reads about a session's state."""

from typing import Final

from lanparty_client_core.events import SessionEnded, SessionState
from lanparty_obs.codes import sentence

__all__ = ["sentence_of"]

_OF_STATE: Final = {
    SessionState.CONNECTING: "Connecting to the relay.",
    SessionState.JOINING: "The relay answers; joining the room.",
    SessionState.WAITING: (
        "This room has a gateway already; this one takes over when that one goes."
    ),
    SessionState.JOINED: "You are in the room.",
    SessionState.RECONNECTING: "The connection to the relay was lost.",
}

_TRYING: Final = "softlan is trying again by itself."
_IN_DOUBT: Final = "The relay hasn't answered for a moment; trying another connection to it."


def sentence_of(state: SessionState, failure: SessionEnded | None, *, in_doubt: bool) -> str:
    """Say where a session is. `failure` is why it is over, or why the last try failed, if it did.

    `in_doubt`: it is in the room, but the relay is silent.
    """
    if state.is_over:
        return "" if failure is None else failure.sentence
    if state is SessionState.JOINED and in_doubt:
        return _IN_DOUBT
    if state not in (SessionState.CONNECTING, SessionState.RECONNECTING):
        return _OF_STATE[state]
    if failure is None:
        why = _OF_STATE[state]
        return why if state is SessionState.CONNECTING else f"{why} {_TRYING}"
    # What follows the first sentence is advice for somebody who has to try again himself.
    why = sentence(failure.code).partition(". ")[0].removesuffix(".")
    return f"{why}. {_TRYING}"
