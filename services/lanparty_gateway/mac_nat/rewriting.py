"""Changing the MAC addresses in a frame, and what covers them, in place."""

from struct import Struct
from typing import Final

from lanparty_ethernet import (
    DHCP_CLIENT_PORT,
    DHCP_SERVER_PORT,
    PROTOCOL_UDP,
    NeighbourMessage,
    mended_checksum,
)

__all__ = ["dhcp_message_at", "replace_link_addresses", "wish_for_broadcast"]

_NUMBER: Final = Struct("!H")
_MAC: Final = Struct("!HHH")
_UDP_HEADER: Final = 8
_UDP_CHECKSUM: Final = 6
_SHORTEST_DHCP: Final = 44
"""To the end of the client's hardware address and of the server name's beginning."""
_ETHERNET: Final = (1, 6)
_OFFSET_MASK: Final = 0x1FFF
_FLAGS: Final = 10
_BROADCAST: Final = 0x8000
_ALL_ONES: Final = 0xFFFF


def replace_link_addresses(frame: bytearray, message: NeighbourMessage, mac: bytes) -> None:
    """Put `mac` into all options of a neighbour discovery that hold one, and mend the checksum."""
    (checksum,) = _NUMBER.unpack_from(frame, message.checksum_at)
    for at in message.link_addresses:
        # Options stand at multiples of 8 from the message's beginning: their words are its words.
        changes = zip(_MAC.unpack_from(frame, at), _MAC.unpack(mac), strict=True)
        for before, after in changes:
            checksum = mended_checksum(checksum, before, after)
        frame[at : at + 6] = mac
    _NUMBER.pack_into(frame, message.checksum_at, checksum)


def dhcp_message_at(frame: bytes, network: int, *, from_server: bool) -> int | None:
    """Return where the DHCP message in an IPv4 packet begins, if there is one in it.

    `network` is where the IPv4 header begins, 20 bytes of which are there. Of a message that is
    returned, the client's hardware address, which begins 28 bytes on, is in the frame.
    """
    if frame[network + 9] != PROTOCOL_UDP:
        return None
    if _NUMBER.unpack_from(frame, network + 6)[0] & _OFFSET_MASK:
        return None
    transport = network + (frame[network] & 0x0F) * 4
    at = transport + _UDP_HEADER
    if at + _SHORTEST_DHCP > len(frame):
        return None
    ports = (_NUMBER.unpack_from(frame, transport)[0], _NUMBER.unpack_from(frame, transport + 2)[0])
    if from_server:
        # A server answers a relay agent at its own port, but a client always at the client's.
        if ports[1] != DHCP_CLIENT_PORT or frame[at] != 2:
            return None
    elif ports[1] != DHCP_SERVER_PORT or frame[at] != 1:
        return None
    return at if (frame[at + 1], frame[at + 2]) == _ETHERNET else None


def wish_for_broadcast(frame: bytearray, message: int) -> None:
    """Set the BROADCAST flag of the client's DHCP message at `message` (RFC 2131 section 4.1)."""
    (flags,) = _NUMBER.unpack_from(frame, message + _FLAGS)
    wished = flags | _BROADCAST
    checksum_at = message - _UDP_HEADER + _UDP_CHECKSUM
    (checksum,) = _NUMBER.unpack_from(frame, checksum_at)
    _NUMBER.pack_into(frame, message + _FLAGS, wished)
    if checksum and wished != flags:
        mended = mended_checksum(checksum, flags, wished) or _ALL_ONES
        _NUMBER.pack_into(frame, checksum_at, mended)
