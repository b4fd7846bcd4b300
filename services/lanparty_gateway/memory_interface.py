"""The LAN's interface in memory, for tests: what the gateway asks of `packet.PacketPort`."""

from lanparty_client_core import InMemoryPort
from lanparty_gateway.packet import FilterWish, LinkState, PortCounters
from lanparty_proto import MacAddress

__all__ = ["InMemoryInterface"]


class InMemoryInterface(InMemoryPort):
    """A `LanInterface` whose link and address may be set; it keeps what was wished."""

    def __init__(self, mac: MacAddress) -> None:
        """Be up, with the address `mac`."""
        super().__init__()
        self.mac = mac
        self.link = LinkState.UP
        self.wishes: list[FilterWish] = []
        self.room_mtu: int | None = None

    def admit(self, wish: FilterWish) -> None:
        """Keep the wish; everything passes."""
        self.wishes.append(wish)

    def set_room_mtu(self, mtu: int) -> None:
        """Keep it; nothing is cut."""
        self.room_mtu = mtu

    def counters(self) -> PortCounters:
        """Return zeros."""
        return PortCounters()
