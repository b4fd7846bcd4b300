"""What both ways of the bridge look at: who is where, and whether frames cross."""

from collections.abc import Callable
from typing import Final

from lanparty_gateway.bridge.contents import ContentReader
from lanparty_gateway.bridge.lan_table import LanTable
from lanparty_gateway.bridge.policy import BridgePolicy
from lanparty_gateway.bridge.standing import Standing
from lanparty_proto import MacAddress

__all__ = ["NO_MAC", "RESERVED_DESTINATIONS", "Surroundings"]

RESERVED_DESTINATIONS: Final = frozenset(
    [bytes.fromhex("0180c20000") + bytes([last]) for last in range(16)]
    + [bytes.fromhex("01000ccccccc"), bytes.fromhex("01000ccccccd")]
)
"""What no bridge forwards (IEEE 802.1Q-2022 table 8-1), and what Cisco's switches say to each
other elsewhere: CDP, VTP and DTP, and the spanning trees of VLANs."""

NO_MAC: Final = bytes(6)


class Surroundings:
    """The state that the bridge keeps once for both ways."""

    def __init__(
        self,
        policy: BridgePolicy,
        *,
        own_mac: MacAddress,
        interface_mac: MacAddress,
        hides_players: bool,
        jitter: Callable[[], float],
    ) -> None:
        self.policy: Final = policy
        self.own_mac: Final = own_mac
        self.interface_mac = interface_mac
        self.hides_players: Final = hides_players
        """Behind the interface's address: frames for it may be a player's."""
        self.members: frozenset[bytes] = frozenset()
        self.contested: set[bytes] = set()
        """Players' addresses that were hosts' of the LAN when the players came."""
        self.host_addresses: frozenset[bytes] = frozenset()
        """IPv4, of the gateway's machine, as far as the room can't reach it."""
        self.table: Final = LanTable()
        self.contents: Final = ContentReader()
        self.standing: Final = Standing(jitter=jitter)

    def settle_contested(self) -> None:
        """Take all contested addresses for the players' alone: a loop showed them on the LAN."""
        for mac in self.contested:
            self.table.give_up(mac)
        self.contested.clear()
