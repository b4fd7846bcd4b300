"""Finds the DHCP servers in the room: a station that asks once joined. Pure."""

from typing import Final

from lanparty_ethernet import ETHERTYPE_IPV4
from lanparty_gateway.preflight.dhcp_search import DhcpSearch
from lanparty_gateway.preflight.facts import DhcpServer
from lanparty_proto import EthernetError, MacAddress, parse_ethernet

__all__ = ["ANSWER_SECONDS", "RoomDhcpStation"]

ANSWER_SECONDS: Final = 3.2
"""From the first question: dnsmasq looks for up to 3 s whether an address is free."""

_AGAIN_AFTER: Final = 1.0
"""Seconds until the question is asked a second time: the first may have got lost."""


class RoomDhcpStation:
    """Sends a DISCOVER into the room, and again after a second, and collects who offers.

    A `Station` of lanparty_client_core. It begins with the first `frames_to_send` (so: once there
    is a room), is over `ANSWER_SECONDS` later, and sleeps before and afterwards.
    """

    def __init__(self, mac: MacAddress, *, transaction: int) -> None:
        """`mac` is a random address that nobody has; `transaction` are 32 random bits."""
        self._search = DhcpSearch(mac, transaction=transaction)
        self._began = False
        self._again_at: float | None = None
        self._over_at: float | None = None

    @property
    def is_over(self) -> bool:
        """All that can come has come: `servers` is complete."""
        return self._began and self._over_at is None

    @property
    def servers(self) -> tuple[DhcpServer, ...]:
        """Who has answered so far, in order of address."""
        return self._search.servers

    @property
    def ethertypes(self) -> frozenset[int]:
        """Which frames of the room to hand to `receive_frame`."""
        return frozenset() if self._over_at is None else frozenset({ETHERTYPE_IPV4})

    def receive_frame(self, frame: bytes, *, source: int, now: float) -> bool:  # noqa: ARG002  the station's protocol
        """Take a frame from the room; True keeps the answers to its own question from the LAN."""
        try:
            header = parse_ethernet(memoryview(frame))
        except EthernetError:
            return False
        return header.tag is None and self._search.receive(header)

    def frames_to_send(self, *, now: float) -> list[bytes]:
        """Take the frames that are due for the room."""
        if not self._began:
            self._began = True
            self._again_at, self._over_at = now + _AGAIN_AFTER, now + ANSWER_SECONDS
            return [self._search.discover()]
        if self._over_at is not None and self._over_at <= now:
            self._again_at = self._over_at = None
        if self._again_at is None or self._again_at > now:
            return []
        self._again_at = None
        return [self._search.discover(seconds=round(_AGAIN_AFTER))]

    def next_deadline(self) -> float | None:
        """When `frames_to_send` has something, or when it is over."""
        if not self._began:
            return float("-inf")
        return self._over_at if self._again_at is None else self._again_at
