"""A LAN with a gateway in a room, and a player there who has addresses of the LAN."""

from dataclasses import dataclass
from typing import Final

from lan import LAN, LAN6, Lan
from programs import wait_until
from real_client import Client
from real_gateway import Gateway

__all__ = ["ROOM", "Bridged", "join_as_of_the_lan"]

ROOM: Final = "CAFEDESK"
_REACH_LIMIT: Final = 15.0
_FIRST_PLAYER: Final = 200


@dataclass(frozen=True, slots=True)
class Bridged:
    """One segment, from the hosts of the LAN to a player elsewhere."""

    lan: Lan
    gateway: Gateway
    ann: Client
    address: str
    """The player's IPv4 address of the LAN."""
    address6: str

    def explain(self) -> str:
        """Return what its programs have printed."""
        return self.ann.program.tail() + self.gateway.program.tail()


def join_as_of_the_lan(
    player: Client, lan: Lan, gateway: Gateway, *, number: int = 0, room: str = ROOM
) -> Bridged:
    """Let a player join with addresses of the LAN that it has chosen, and wait for the way."""
    address = LAN.network_address + _FIRST_PLAYER + number
    address6 = str(LAN6.network_address + _FIRST_PLAYER + number)
    player.join(room, f"--address={address}/{LAN.prefixlen}")
    player.machine.ip(
        *("addr", "add", f"{address6}/{LAN6.prefixlen}", "dev", player.interface, "nodad")
    )
    made = Bridged(lan, gateway, player, str(address), address6)
    wait_until(
        lambda: (
            "1 received"
            in player.machine.run("ping", "-c1", "-W1", lan.address_of(lan.files), check=False)
        ),
        "the player reaches the LAN",
        limit=_REACH_LIMIT,
        explain=made.explain,
    )
    return made
