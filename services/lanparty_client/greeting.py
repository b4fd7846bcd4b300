"""The hello of a player's computer."""

from collections.abc import Sequence
from ipaddress import IPv4Network

from lanparty_client.wish import JoinWish
from lanparty_ctrl import Hello, Role
from lanparty_proto import MacAddress

__all__ = ["hello_for"]


def hello_for(
    wish: JoinWish,
    *,
    mac: MacAddress,
    port_mtu: int,
    token: str | None,
    prefixes: Sequence[IPv4Network],
) -> Hello:
    """Greet the relay with a wish, and with what this computer remembers and is connected to."""
    static = wish.address.static
    return Hello(
        role=Role.CLIENT,
        room_code=None if wish.room is None else wish.room.code,
        create=wish.create,
        mac=mac,
        name=wish.name,
        datagram_budget=wish.receive_budget,
        port_mtu=port_mtu,
        resume_token=token,
        # If it lies in the room's network, the relay then leases it to nobody else.
        address_wanted=None if static is None else static.ip,
        prefixes_in_use=tuple(prefixes),
    )
