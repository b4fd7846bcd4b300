"""Raw Ethernet on an interface: frames bit for bit, VLAN tags put back where the kernel took them.

packet(7); linux/if_packet.h.
"""

import socket
import struct
from types import TracebackType
from typing import Final, Self

from namespaces import Namespace

__all__ = ["EthernetSocket"]

_ETH_P_ALL: Final = 0x0003
_SOL_PACKET: Final = 263
_PACKET_AUXDATA: Final = 8
_PACKET_OUTGOING: Final = 4
_PACKET_ADD_MEMBERSHIP: Final = 1
_PACKET_MR_PROMISC: Final = 1
_MEMBERSHIP: Final = struct.Struct("=iHH8s")
"""struct packet_mreq: interface, type, address length, address."""
_AUXDATA: Final = struct.Struct("=IIIHHHH")
"""struct tpacket_auxdata: status, len, snaplen, mac, net, vlan_tci, vlan_tpid."""

_TP_STATUS_VLAN_VALID: Final = 1 << 4
_TAG: Final = struct.Struct("!HH")
_ADDRESSES: Final = 12
_LARGEST: Final = 65_536


class EthernetSocket:
    """All that an interface receives; what is sent goes out of it as it is."""

    def __init__(self, machine: Namespace, interface: str, *, promiscuous: bool = False) -> None:
        """Open it; promiscuous: what the interface itself would leave out comes too."""
        with machine.entered():
            self._socket: Final = socket.socket(socket.AF_PACKET, socket.SOCK_RAW, 0)
        self._socket.setsockopt(_SOL_PACKET, _PACKET_AUXDATA, 1)
        self._socket.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4 << 20)
        self._socket.bind((interface, _ETH_P_ALL))
        if promiscuous:
            with machine.entered():
                index = socket.if_nametoindex(interface)
            membership = _MEMBERSHIP.pack(index, _PACKET_MR_PROMISC, 0, b"")
            self._socket.setsockopt(_SOL_PACKET, _PACKET_ADD_MEMBERSHIP, membership)
        self.mac: Final = bytes(self._socket.getsockname()[4])

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self._socket.close()

    def send(self, frame: bytes) -> None:
        """Send a frame, header included."""
        self._socket.send(frame)

    def receive(self, *, limit: float) -> bytes | None:
        """Return the next frame that came from elsewhere; None if none comes in time."""
        self._socket.settimeout(limit)
        try:
            while True:
                frame, extras, _, address = self._socket.recvmsg(_LARGEST, 64)
                if address[2] != _PACKET_OUTGOING:
                    return _with_tag(frame, extras)
        except TimeoutError:
            return None


def _with_tag(frame: bytes, extras: list[tuple[int, int, bytes]]) -> bytes:
    for level, kind, data in extras:
        if (level, kind) == (_SOL_PACKET, _PACKET_AUXDATA):
            status, *_, tag, protocol = _AUXDATA.unpack(data[: _AUXDATA.size])
            if status & _TP_STATUS_VLAN_VALID:
                return frame[:_ADDRESSES] + _TAG.pack(protocol, tag) + frame[_ADDRESSES:]
    return frame
