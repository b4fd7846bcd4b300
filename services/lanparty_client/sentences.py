"""What a player is told about the session, each as a value for people and for programs."""

from collections.abc import Sequence

from lanparty_client.addressing import AddressMode
from lanparty_client.wish import JoinWish
from lanparty_ctrl import RoomCode, Welcome
from lanparty_endpoint import sentences
from lanparty_endpoint.happenings import Happening
from lanparty_proto import MacAddress

__all__ = ["PlayerStory"]


class PlayerStory:
    """A player's way into a room, as `lanparty_endpoint.arrival` tells it."""

    def __init__(self, wish: JoinWish, *, mac: MacAddress) -> None:
        """Tell of the session that `wish` asked for; `mac` is its interface's."""
        self._wish = wish
        self._mac = mac

    @property
    def room_code(self) -> RoomCode | None:
        """The code that was asked for; None for a new room."""
        return None if self._wish.room is None else self._wish.room.code

    @property
    def waits_for_address(self) -> bool:
        """There will be an address to name."""
        return self._wish.address.mode is not AddressMode.NONE

    def connecting(self) -> Happening:
        """Say where it goes."""
        return sentences.connecting(self._wish)

    def joined(self, welcome: Welcome, addresses: Sequence[str]) -> Happening:
        """Say where it is, and as what."""
        wish = self._wish
        back = "Back in" if welcome.resumed else "In"
        if addresses:
            where = f"{addresses[0]} on {wish.interface}"
        elif self.waits_for_address:
            where = f"{wish.interface} has no address yet"
        else:
            where = f"{wish.interface} has no address, set one yourself"
        how = "`lanparty-client leave` leaves" if wish.detach else "Ctrl-C leaves"
        return Happening(
            "joined",
            f"{back} room {wish.spelled(welcome.room_code)} as {wish.name}: {where}. {how}.",
            {
                "room_code": str(welcome.room_code),
                "room_id": welcome.room_id,
                "peer_id": welcome.peer_id,
                "interface": wish.interface,
                "mac": str(self._mac),
                "address": addresses[0] if addresses else None,
                "addresses": list(addresses),
                "mtu": welcome.mtu,
                "resumed": welcome.resumed,
                "invite": wish.invite_link(welcome.room_code),
            },
        )

    def invitation(self, code: RoomCode) -> Happening:
        """Say what to tell a friend."""
        return sentences.invitation(self._wish, code)

    def address_changed(self, addresses: Sequence[str]) -> Happening:
        """Say which addresses the interface has now."""
        interface = self._wish.interface
        if not addresses:
            text = f"{interface} has no address now."
        else:
            text = f"{interface} has the address {addresses[0]} now"
            text += f", and {', '.join(addresses[1:])}." if len(addresses) > 1 else "."
        fields = {"address": addresses[0] if addresses else None, "addresses": list(addresses)}
        return Happening("address_changed", text, fields)
