"""What a gateway says of itself, each as a value for people and for programs. Pure."""

from collections.abc import Sequence

from lanparty_ctrl import RoomCode, Welcome
from lanparty_endpoint import sentences
from lanparty_endpoint.doctor import CheckResult, Outcome
from lanparty_endpoint.happenings import Happening, Weight
from lanparty_gateway.bridge import (
    AddressContested,
    BridgeEvent,
    ForwardingBegan,
    ForwardingStopped,
    HostAsked,
    SecondGatewayHeard,
)
from lanparty_gateway.packet import LinkState
from lanparty_gateway.wish import GatewayWish
from lanparty_proto import MacAddress

__all__ = [
    "GatewayStory",
    "finding",
    "link_changed",
    "link_sentence",
    "of_bridge",
    "standby_hint",
    "written_finding",
]


class GatewayStory:
    """A gateway's way into a room, as `lanparty_endpoint.arrival` tells it."""

    waits_for_address = False

    def __init__(self, wish: GatewayWish) -> None:
        self._wish = wish

    @property
    def room_code(self) -> RoomCode | None:
        """The code that was asked for; None for a new room."""
        return None if self._wish.room is None else self._wish.room.code

    def connecting(self) -> Happening:
        """Say where it goes."""
        return sentences.connecting(self._wish)

    def joined(self, welcome: Welcome, addresses: Sequence[str]) -> Happening:
        """Say what is bridged into which room; `addresses` are the machine's own on the LAN."""
        wish, code = self._wish, welcome.room_code
        back = "Back in" if welcome.resumed else "In"
        return Happening(
            "joined",
            f"{back} room {wish.spelled(code)} as {wish.name}, with the LAN at {wish.interface}. "
            "Ctrl-C leaves.",
            {
                "room_code": str(code),
                "room_id": welcome.room_id,
                "peer_id": welcome.peer_id,
                "interface": wish.interface,
                "addresses": list(addresses),
                "mtu": welcome.mtu,
                "resumed": welcome.resumed,
                "invite": wish.invite_link(code),
            },
        )

    def invitation(self, code: RoomCode) -> Happening:
        """Say what to tell a friend."""
        return sentences.invitation(self._wish, code)

    def address_changed(self, addresses: Sequence[str]) -> Happening:
        """Say which addresses the machine has on the LAN now."""
        text = ", ".join(addresses) or "no address"
        return Happening(
            "address_changed",
            f"This computer has {text} on {self._wish.interface} now.",
            {"addresses": list(addresses)},
            Weight.DETAIL,
        )


def of_bridge(event: BridgeEvent) -> Happening:
    """Tell what happened to the bridge."""
    fields: dict[str, object]
    match event:
        case ForwardingBegan(after=None):
            return Happening("forwarding", "The LAN and the room are connected.")
        case ForwardingBegan(after=reason, stopped_for=seconds):
            assert reason is not None, "it is the case above"
            return Happening(
                "resumed",
                f"The LAN and the room are connected again, after {seconds:.0f} s.",
                {"after": reason.value, "stopped_for": round(seconds, 3)},
                Weight.IMPORTANT,
            )
        case ForwardingStopped(reason=reason, sentence=sentence, mac=mac):
            fields = {"reason": reason.value, "mac": _written(mac)}
            return Happening("stopped", sentence, fields, Weight.IMPORTANT)
        case HostAsked(sentence=sentence):
            return Happening("host_unreachable", sentence, {}, Weight.IMPORTANT)
        case SecondGatewayHeard(sentence=sentence, mac=mac):
            fields = {"mac": str(mac)}
            return Happening("second_gateway", sentence, fields, Weight.IMPORTANT)
        case AddressContested(sentence=sentence, mac=mac):
            fields = {"mac": str(mac)}
            return Happening("address_contested", sentence, fields, Weight.IMPORTANT)


def _written(mac: MacAddress | None) -> str | None:
    return None if mac is None else str(mac)


def link_sentence(interface: str, link: LinkState) -> str:
    """Say what is wrong with the interface; empty if nothing is."""
    match link:
        case LinkState.UP:
            return ""
        case LinkState.DOWN:
            return (
                f"{interface} has no link: look whether its cable is plugged in, and whether it is "
                "switched on. The gateway stays in the room and goes on by itself."
            )
        case LinkState.GONE:
            return (
                f"{interface} is gone. The gateway stays in the room and goes on when there is an "
                "interface of that name again."
            )


def link_changed(interface: str, link: LinkState, mac: MacAddress) -> Happening:
    """Say what has become of the interface."""
    text = link_sentence(interface, link) or f"{interface} has a link, by the address {mac}."
    fields = {"interface": interface, "link": link.value, "mac": str(mac)}
    return Happening("link", text, fields, Weight.NORMAL)


def standby_hint() -> Happening:
    """Say what else to do where the room has a gateway already."""
    return Happening(
        "hint",
        "Or let this one wait as a spare: --standby takes the place when the other goes.",
        weight=Weight.COMPLAINT,
    )


def finding(result: CheckResult) -> Happening:
    """Say what the preflight found and how to mend it."""
    weight = Weight.IMPORTANT if result.outcome is not Outcome.FAILED else Weight.COMPLAINT
    return Happening("preflight", written_finding(result), result.to_dict(), weight)


def written_finding(result: CheckResult) -> str:
    """Write a result as one sentence after another."""
    return f"{result.check.label}: {result.figure}. {result.advice}".strip()
