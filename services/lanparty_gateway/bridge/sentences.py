"""What the bridge says to people when it stops, and of what it meets."""

from typing import Final

from lanparty_proto import MacAddress

__all__ = [
    "FRAMES_REAPPEAR",
    "HOST_ASKED",
    "PROBE_CAME_BACK",
    "PROBE_CAME_THROUGH",
    "contested",
    "goes_on",
    "member_on_lan",
    "stops_for",
]

_CURE: Final = (
    "A player's computer joins the room and this network: take its room interface out of the "
    "bridge, or disconnect it from this network. Until then nothing is carried."
)

PROBE_CAME_BACK: Final = f"loop: what goes into the room comes back on this network. {_CURE}"

PROBE_CAME_THROUGH: Final = (
    f"loop: what is sent on this network comes back through the room. {_CURE}"
)

FRAMES_REAPPEAR: Final = f"loop: broadcasts of this network go round through the room. {_CURE}"

HOST_ASKED: Final = (
    "A player looked for the machine that this gateway runs on, which can't be reached from the "
    "room. To change that, run `sudo lanparty-gateway setup-host` once on it."
)


def contested(mac: MacAddress) -> str:
    """Say that a player came with an address of the LAN."""
    return (
        f"A player joined with the address {mac!s}, which a machine on this network has. Nothing "
        "from or to it is carried until the machine is off: the player should take another."
    )


def member_on_lan(mac: MacAddress) -> str:
    """Say that a player's address was seen on the LAN."""
    return f"loop: the player with the address {mac!s} is on this network too. {_CURE}"


def stops_for(mac: MacAddress) -> str:
    """Say that this gateway stops for another."""
    return (
        f"second_gateway: another softlan gateway (address {mac!s}) works on this network, and two "
        "would join their rooms. This one waits until the other is gone: stop one of the two."
    )


def goes_on(mac: MacAddress) -> str:
    """Say that another gateway has to stop for this one."""
    return (
        f"second_gateway: another softlan gateway (address {mac!s}) works on this network. It "
        "stops by itself and this one goes on: end one of the two for good."
    )
