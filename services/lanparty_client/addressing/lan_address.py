"""An address by DHCP: of the gateway's LAN, or of whoever runs a server in the room."""

from collections.abc import Iterable
from ipaddress import IPv4Network

from lanparty_client.addressing.claim import BRISK, AddressClaim, ClaimPolicy, ClaimState
from lanparty_client.addressing.collisions import collision
from lanparty_client.addressing.dhcp_client import DhcpClient
from lanparty_client.addressing.dhcp_lease import DhcpLease
from lanparty_client.addressing.randomness import Randomness
from lanparty_ethernet import ArpPacket, DhcpMessage
from lanparty_proto import MacAddress

__all__ = ["LanAddress"]


class LanAddress:
    """Leases an address, checks that nobody has it, and keeps out of the machine's own networks.

    A lease in a network that the machine is on already is given back, and not asked for again
    while that is so.
    """

    def __init__(self, *, mac: MacAddress, random: Randomness) -> None:
        self._mac = mac
        self._random = random
        self._client = DhcpClient(mac=mac, random=random)
        self._claim: AddressClaim | None = None
        self._avoided: IPv4Network | None = None

    @property
    def lease(self) -> DhcpLease | None:
        """The lease, once its address is known to be free."""
        return self._client.lease if self._claim is not None and self._claim.usable else None

    @property
    def avoided(self) -> IPv4Network | None:
        """The network in which a lease was given back, because the machine is on it already."""
        return self._avoided

    @property
    def is_listening(self) -> bool:
        """A DHCP server's answer may come."""
        return self._client.is_listening

    @property
    def is_silent_around(self) -> bool:
        """There will hardly be an address soon."""
        return self._avoided is not None or self._client.is_silent_around

    def steer(self, *, wanted: bool, prefixes: Iterable[IPv4Network], now: float) -> None:
        """Start, stop, or give back; `prefixes` are the machine's own networks."""
        prefixes = tuple(prefixes)
        if not wanted:
            self._client.stop()
            self._claim = self._avoided = None
            return
        if self._avoided is not None and collision(self._avoided, prefixes) is None:
            self._avoided = None
        if self._avoided is None:
            self._client.start(now=now)
        lease = self._client.lease
        if lease is not None and collision(lease.address.network, prefixes) is not None:
            self._avoided = lease.address.network
            self.release(now=now)

    def release(self, *, now: float) -> None:
        """Give the address back; the message is among the next frames."""
        self._client.release(now=now)
        self._claim = None

    def start_again(self, *, now: float) -> None:
        """Go on after the segment, or the gateway, was away."""
        self._avoided = None  # it may be another LAN
        self._client.start_again(now=now)
        if self._claim is not None:
            self._claim.start_again(now=now)

    def receive_message(self, message: DhcpMessage, *, server_mac: MacAddress, now: float) -> bool:
        """Take a server's message to this MAC; tell whether it was an answer to this client."""
        is_answer = self._client.receive_message(message, server_mac=server_mac, now=now)
        self._follow_lease(now=now)
        return is_answer

    def receive_arp(self, packet: ArpPacket, *, now: float) -> None:
        """Take any ARP packet of the segment."""
        if self._claim is None:
            return
        self._claim.receive_arp(packet, now=now)
        if self._claim.state is ClaimState.LOST:
            self._claim = None
            self._client.decline(now=now)

    def frames_to_send(self, *, now: float) -> list[bytes]:
        """Take the DHCP messages that are due, as frames; time passes here."""
        frames = self._client.frames_to_send(now=now)
        self._follow_lease(now=now)
        return frames

    def packets_to_send(self, *, now: float) -> list[ArpPacket]:
        """Take the ARP packets that are due; each goes to the broadcast address."""
        return [] if self._claim is None else self._claim.packets_to_send(now=now)

    def next_deadline(self) -> float | None:
        """When there is something to send."""
        deadlines = [self._client.next_deadline()]
        if self._claim is not None:
            deadlines.append(self._claim.next_deadline())
        return min((at for at in deadlines if at is not None), default=None)

    def _follow_lease(self, *, now: float) -> None:
        lease = self._client.lease
        if lease is None:
            self._claim = None
        elif self._claim is None or self._claim.address != lease.address.ip:
            # RFC 2131 section 4.4.1: probe what was acknowledged, decline what is taken.
            self._claim = AddressClaim(
                lease.address.ip,
                mac=self._mac,
                policy=ClaimPolicy.YIELD,
                timing=BRISK,
                random=self._random,
                now=now,
            )
