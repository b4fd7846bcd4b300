"""What every endpoint says of its session, each as a value for people and for programs."""

from lanparty_client_core import SessionState
from lanparty_ctrl import RoomCode
from lanparty_endpoint.happenings import Happening, Weight
from lanparty_endpoint.room_wish import RoomWish

__all__ = ["connecting", "invitation", "notice", "state"]

_TOLD_ANYWAY = frozenset({SessionState.JOINED, SessionState.WAITING})


def connecting(wish: RoomWish) -> Happening:
    """Say where it goes."""
    return Happening("connecting", f"Joining through {wish.relay} ...", {"relay": str(wish.relay)})


def invitation(wish: RoomWish, code: RoomCode) -> Happening:
    """Say what to tell a friend."""
    link = wish.invite_link(code)
    # Every shell takes double quotes, Windows' too; some read a bare # as a comment's beginning.
    command = f'lanparty-client join "{link}"'
    return Happening(
        "invitation",
        f"Friends join with this command:\n  {command}",
        {"invite": link, "command": command},
        Weight.IMPORTANT,
    )


def state(state: SessionState, sentence: str, *, was_joined: bool = True) -> Happening:
    """Say that the session is somewhere else now; the steps on the first way in are details."""
    told = was_joined or state in _TOLD_ANYWAY
    weight = Weight.NORMAL if told else Weight.DETAIL
    event = "waiting" if state is SessionState.WAITING else "state"
    return Happening(event, sentence, {"state": state.value}, weight)


def notice(sentence: str) -> Happening:
    """Pass on what the person should know."""
    return Happening("notice", sentence, weight=Weight.IMPORTANT)
