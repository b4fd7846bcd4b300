"""What a player is told about the session, each as a value for people and for programs."""

from collections.abc import Sequence

from lanparty_client.addressing import AddressMode
from lanparty_client.wish import JoinWish
from lanparty_client_core import SessionState
from lanparty_ctrl import RoomCode, Welcome
from lanparty_endpoint.happenings import Happening, Weight
from lanparty_endpoint.typed_room import TypedRoom
from lanparty_proto import MacAddress

__all__ = [
    "address_changed",
    "connecting",
    "invitation",
    "invite_link",
    "joined",
    "notice",
    "state",
]


def connecting(wish: JoinWish) -> Happening:
    """Say where it goes."""
    return Happening("connecting", f"Joining through {wish.relay} ...", {"relay": str(wish.relay)})


def joined(
    wish: JoinWish, welcome: Welcome, *, mac: MacAddress, addresses: Sequence[str]
) -> Happening:
    """Say where it is, and as what."""
    back = "Back in" if welcome.resumed else "In"
    code = _spelled(wish, welcome.room_code)
    if addresses:
        where = f"{addresses[0]} on {wish.interface}"
    elif wish.address.mode is AddressMode.NONE:
        where = f"{wish.interface} has no address, set one yourself"
    else:
        where = f"{wish.interface} has no address yet"
    how = "`lanparty-client leave` leaves" if wish.detach else "Ctrl-C leaves"
    return Happening(
        "joined",
        f"{back} room {code} as {wish.name}: {where}. {how}.",
        {
            "room_code": str(welcome.room_code),
            "room_id": welcome.room_id,
            "peer_id": welcome.peer_id,
            "interface": wish.interface,
            "mac": str(mac),
            "address": addresses[0] if addresses else None,
            "addresses": list(addresses),
            "mtu": welcome.mtu,
            "resumed": welcome.resumed,
            "invite": invite_link(wish, welcome.room_code),
        },
    )


def invitation(wish: JoinWish, code: RoomCode) -> Happening:
    """Say what to tell a friend."""
    link = invite_link(wish, code)
    # Every shell takes double quotes, Windows' too; some read a bare # as a comment's beginning.
    command = f'lanparty-client join "{link}"'
    return Happening(
        "invitation",
        f"Friends join with this command:\n  {command}",
        {"invite": link, "command": command},
        Weight.IMPORTANT,
    )


def state(state: SessionState, sentence: str, *, weight: Weight = Weight.NORMAL) -> Happening:
    """Say that the session is somewhere else now."""
    return Happening("state", sentence, {"state": state.value}, weight)


def address_changed(interface: str, addresses: Sequence[str]) -> Happening:
    """Say which addresses the interface has now."""
    if not addresses:
        text = f"{interface} has no address now."
    else:
        text = f"{interface} has the address {addresses[0]} now"
        text += f", and {', '.join(addresses[1:])}." if len(addresses) > 1 else "."
    fields = {"address": addresses[0] if addresses else None, "addresses": list(addresses)}
    return Happening("address_changed", text, fields)


def notice(sentence: str) -> Happening:
    """Pass on what the player should know."""
    return Happening("notice", sentence, weight=Weight.IMPORTANT)


def _spelled(wish: JoinWish, code: RoomCode) -> str:
    return code.spoken() if wish.room is None else wish.room.spelled(code)


def invite_link(wish: JoinWish, code: RoomCode) -> str:
    """Write the invite to the room that a wish led to."""
    spelled = wish.room if wish.room is not None else TypedRoom(code, code.spoken())
    return str(wish.invite(spelled).link())
