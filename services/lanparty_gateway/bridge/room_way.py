"""The rules for frames of the room: which ones are sent on the LAN."""

from typing import Final

from lanparty_ethernet import ETHERTYPE_ARP
from lanparty_gateway.bridge import sentences
from lanparty_gateway.bridge.contents import Content
from lanparty_gateway.bridge.drops import RoomDrop
from lanparty_gateway.bridge.policy import BridgePolicy, DhcpPolicy
from lanparty_gateway.bridge.rates import TokenBucket
from lanparty_gateway.bridge.states import HostAsked, Phase
from lanparty_gateway.bridge.surroundings import RESERVED_DESTINATIONS, Surroundings
from lanparty_gateway.bridge.vlan import is_tagged
from lanparty_proto import ETHERNET_HEADER_LENGTH

__all__ = ["RoomWay"]

_ARP: Final = ETHERTYPE_ARP.to_bytes(2)
_ARP_TARGET: Final = slice(38, 42)

_CLOSED: Final = {
    Phase.NOT_JOINED: RoomDrop.NOT_JOINED,
    Phase.LINK_DOWN: RoomDrop.NOT_JOINED,
    Phase.CHECKING: RoomDrop.CHECKING,
    Phase.STOPPED: RoomDrop.STOPPED,
}


class RoomWay:
    """Judges one frame after the other."""

    def __init__(self, around: Surroundings) -> None:
        self._around = around
        self._refused = _refused_contents(around.policy)
        self._frames = TokenBucket(around.policy.room_rate)
        self._broadcasts = TokenBucket(around.policy.room_broadcast_rate)
        self._host_told = False

    def refuse(self, frame: bytes, now: float) -> RoomDrop | None:
        """Say why the frame isn't sent on the LAN; None if it is."""
        if len(frame) < ETHERNET_HEADER_LENGTH:
            return RoomDrop.RUNT
        around = self._around
        source, destination = frame[6:12], frame[:6]
        if source not in around.members:
            is_lans = around.table.knows(source, now=now)
            return RoomDrop.SOURCE_ON_LAN if is_lans else RoomDrop.NOT_MEMBER
        if source == around.interface_mac or source == around.own_mac:
            return RoomDrop.OWN_SOURCE
        if source in around.contested and self._is_still_contested(source, now):
            return RoomDrop.SOURCE_ON_LAN
        if around.standing.phase is not Phase.FORWARDING:
            return _CLOSED[around.standing.phase]
        is_group = destination[0] & 1
        if is_group:
            if destination in RESERVED_DESTINATIONS:
                return RoomDrop.RESERVED_DESTINATION
            if frame[12:14] == _ARP and frame[_ARP_TARGET] in around.host_addresses:
                self._tell_host_asked()  # It goes on: another host may have the address too.
        elif destination == around.interface_mac:
            self._tell_host_asked()
            return RoomDrop.HOST_UNREACHABLE
        elif around.policy.allow_macs and destination not in around.policy.allow_macs:
            return RoomDrop.NOT_ALLOWED
        if around.policy.vlan is not None and is_tagged(frame):
            return RoomDrop.VLAN
        content = around.contents.read(frame)
        if content in self._refused:
            return self._refused[content]
        if not self._frames.take(now=now):
            return RoomDrop.RATE
        if is_group and not self._broadcasts.take(now=now):
            return RoomDrop.BROADCAST_RATE
        return None

    def _is_still_contested(self, source: bytes, now: float) -> bool:
        around = self._around
        if around.table.knows(source, now=now):
            return True
        around.contested.discard(source)
        around.table.give_up(source)
        return False

    def _tell_host_asked(self) -> None:
        if not self._host_told:
            self._host_told = True
            self._around.standing.tell(HostAsked(sentence=sentences.HOST_ASKED))


def _refused_contents(policy: BridgePolicy) -> dict[Content, RoomDrop]:
    refused = {
        Content.TUNNEL: RoomDrop.TUNNEL,
        Content.DHCP_SERVER: RoomDrop.DHCP,
        Content.ROUTER_ADVERTISEMENT: RoomDrop.ROUTER_ADVERTISEMENT,
        Content.MULTICAST_ROUTER: RoomDrop.MULTICAST_ROUTER,
        Content.ROOM_PROBE: RoomDrop.LOOP_PROBE,
        Content.LAN_PROBE: RoomDrop.LOOP_PROBE,
        Content.UNREADABLE: RoomDrop.UNREADABLE,
    }
    if policy.dhcp is DhcpPolicy.BLOCK:
        refused[Content.DHCP_CLIENT] = RoomDrop.DHCP
    return refused
