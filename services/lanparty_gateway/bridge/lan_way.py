"""The rules for frames of the LAN: which ones the room gets, and what they tell of loops."""

from typing import Final

from lanparty_ethernet import ETHERTYPE_PROBE
from lanparty_gateway.bridge import sentences
from lanparty_gateway.bridge.contents import Content
from lanparty_gateway.bridge.drops import LanDrop
from lanparty_gateway.bridge.loop_probes import LoopProbes, ProbeVerdict
from lanparty_gateway.bridge.policy import BridgePolicy, DhcpPolicy, RouterAdvertisementPolicy
from lanparty_gateway.bridge.rates import TokenBucket
from lanparty_gateway.bridge.reappearing import Reappearing
from lanparty_gateway.bridge.states import Phase, SecondGatewayHeard, StopReason
from lanparty_gateway.bridge.surroundings import NO_MAC, RESERVED_DESTINATIONS, Surroundings
from lanparty_gateway.bridge.vlan import without_tags
from lanparty_proto import CUSTOMER_TAG, ETHERNET_HEADER_LENGTH, SERVICE_TAG, MacAddress

__all__ = ["LanWay"]

_PROBE: Final = ETHERTYPE_PROBE.to_bytes(2)
_PROBE_OR_TAG: Final = frozenset(
    kind.to_bytes(2) for kind in (ETHERTYPE_PROBE, CUSTOMER_TAG, SERVICE_TAG)
)

_TOLD_AGAIN_AFTER: Final = 60.0
"""Seconds without another gateway's probes after which hearing one is news again."""

_CLOSED: Final = {
    Phase.NOT_JOINED: LanDrop.NOT_JOINED,
    Phase.LINK_DOWN: LanDrop.NOT_JOINED,
    Phase.CHECKING: LanDrop.CHECKING,
    Phase.STOPPED: LanDrop.STOPPED,
}


class LanWay:
    """Judges one frame after the other. What it hears may end the forwarding at once."""

    def __init__(self, around: Surroundings, probes: LoopProbes) -> None:
        self._around = around
        self._probes = probes
        self._refused = _refused_contents(around.policy)
        self._broadcasts = TokenBucket(around.policy.broadcast_rate)
        self._second_heard_at = float("-inf")
        self.reappearing: Final = Reappearing()
        self.seconds_told = 0
        """Times that another gateway was heard that has to stop for this one."""

    def refuse(self, frame: bytes, now: float) -> LanDrop | None:
        """Say why the frame doesn't go into the room; None if it does."""
        if len(frame) < ETHERNET_HEADER_LENGTH:
            return LanDrop.RUNT
        around = self._around
        source, destination = frame[6:12], frame[:6]
        if source[0] & 1 or source == NO_MAC:
            return LanDrop.BAD_SOURCE
        if frame[12:14] in _PROBE_OR_TAG and self._hear_probe(frame, now):
            return LanDrop.LOOP_PROBE
        if around.standing.phase is Phase.NOT_JOINED:
            # And learned by nobody: another gateway may send the players' frames on this LAN.
            return LanDrop.NOT_JOINED
        if source == around.own_mac or source == around.interface_mac:
            return LanDrop.OWN_SOURCE
        if source in around.members:
            return self._refuse_members(source, now)
        around.table.learn(source, now=now)
        is_group = destination[0] & 1
        if not is_group and not self._is_for_player(destination):
            return LanDrop.STAYS_ON_LAN
        if around.standing.phase is not Phase.FORWARDING:
            return _CLOSED[around.standing.phase]
        if around.policy.allow_macs and source not in around.policy.allow_macs:
            return LanDrop.NOT_ALLOWED
        if destination in RESERVED_DESTINATIONS:
            return LanDrop.RESERVED_DESTINATION
        content = around.contents.read(frame)
        if content in self._refused:
            return self._refused[content]
        if is_group:
            if not self.reappearing.admits(frame, now=now):
                return LanDrop.HELD_BACK
            if not self._broadcasts.take(now=now):
                return LanDrop.RATE
        return None

    def find_loop(self, *, now: float) -> None:
        """Stop if frames that were held back prove a loop."""
        if self.reappearing.finds_loop(now=now):
            self._around.standing.stop(StopReason.LOOP, sentences.FRAMES_REAPPEAR, now=now)

    def _is_for_player(self, destination: bytes) -> bool:
        around = self._around
        if destination in around.members:
            return destination not in around.contested
        return around.hides_players and destination == around.interface_mac

    def _refuse_members(self, source: bytes, now: float) -> LanDrop:
        around = self._around
        if source in around.contested:
            # A real loop through this player is found by the probes.
            around.table.learn(source, now=now)
            return LanDrop.CONTESTED
        mac = MacAddress(source)
        around.standing.stop(StopReason.LOOP, sentences.member_on_lan(mac), now=now, mac=mac)
        return LanDrop.MEMBER_SOURCE

    def _hear_probe(self, frame: bytes, now: float) -> bool:
        """Take a gateway's search for loops; False: it is another frame, or may go on."""
        frame = without_tags(frame)
        if frame[12:14] != _PROBE:
            return False
        sender, standing = MacAddress(frame[6:12]), self._around.standing
        match self._probes.judge(frame[ETHERNET_HEADER_LENGTH:]):
            case ProbeVerdict.LOOP:
                self._around.settle_contested()
                standing.stop(StopReason.LOOP, sentences.PROBE_CAME_BACK, now=now)
            case ProbeVerdict.SMALLER:
                sentence = sentences.stops_for(sender)
                standing.stop(StopReason.SECOND_GATEWAY, sentence, now=now, mac=sender)
            case ProbeVerdict.LARGER:
                self._note_second_gateway(sender, now)
            case ProbeVerdict.OWN:
                pass
            case ProbeVerdict.NOT_LOOP | ProbeVerdict.PASSING:
                return False
        return True

    def _note_second_gateway(self, mac: MacAddress, now: float) -> None:
        if now - self._second_heard_at >= _TOLD_AGAIN_AFTER:
            self.seconds_told += 1
            sentence = sentences.goes_on(mac)
            self._around.standing.tell(SecondGatewayHeard(sentence=sentence, mac=mac))
        self._second_heard_at = now


def _refused_contents(policy: BridgePolicy) -> dict[Content, LanDrop]:
    # Another gateway's id is for the hosts of its LAN, behind tags too.
    refused = {Content.TUNNEL: LanDrop.TUNNEL, Content.LAN_PROBE: LanDrop.LOOP_PROBE}
    if policy.dhcp is DhcpPolicy.BLOCK:
        refused[Content.DHCP_SERVER] = refused[Content.DHCP_CLIENT] = LanDrop.DHCP
        refused[Content.UNREADABLE] = LanDrop.UNREADABLE
    if policy.ipv6_ra is RouterAdvertisementPolicy.BLOCK:
        refused[Content.ROUTER_ADVERTISEMENT] = LanDrop.ROUTER_ADVERTISEMENT
        refused[Content.UNREADABLE] = LanDrop.UNREADABLE
    return refused
