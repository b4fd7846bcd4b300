"""TCP superframes with a VLAN tag, as a host with all offloads hands them to its network card.

Kernels without VLAN interfaces make none, so they come from a packet socket with PACKET_VNET_HDR:
packet(7); linux/virtio_net.h.
"""

import socket
import struct
from typing import Final

from namespaces import Namespace
from scapy.layers.inet import IP, TCP
from scapy.layers.inet6 import IPv6
from scapy.layers.l2 import Dot1Q, Ether
from scapy.packet import Packet, Raw

__all__ = ["send_superframe"]

_SOL_PACKET: Final = 263
_PACKET_VNET_HDR: Final = 15
_NEEDS_CHECKSUM: Final = 1
_TCP4: Final = 1
_TCP6: Final = 4
_VNET_HDR: Final = struct.Struct("=BBHHHH")
"""struct virtio_net_hdr: flags, kind, header length, segment size, checksum's start and place."""
_TAGGED_HEADER: Final = 18
_TCP_CHECKSUM: Final = 16


def send_superframe(
    machine: Namespace, *, macs: tuple[str, str], ends: tuple[str, str], vlan: int, payload: bytes
) -> None:
    """Send a TCP segment of up to 64 KiB out of eth0, to be cut into segments of 1,400 bytes.

    `macs` and `ends` (addresses of one family) are those of its sender and its receiver.
    """
    source, target = ends
    kind = IPv6 if ":" in source else IP
    network: Packet = kind(src=source, dst=target)
    segment = TCP(sport=7_070, dport=7_071, flags="A", seq=1) / Raw(payload)
    whole = Ether(src=macs[0], dst=macs[1]) / Dot1Q(vlan=vlan) / network / segment
    frame = bytearray(bytes(whole))
    start = _TAGGED_HEADER + len(bytes(network))
    family = socket.AF_INET6 if kind is IPv6 else socket.AF_INET
    pseudo = b"".join(socket.inet_pton(family, end) for end in ends)
    pseudo += struct.pack("!II", len(frame) - start, socket.IPPROTO_TCP)
    place = start + _TCP_CHECKSUM
    frame[place : place + 2] = _folded_sum(pseudo).to_bytes(2)
    header = _VNET_HDR.pack(
        _NEEDS_CHECKSUM,
        _TCP6 if kind is IPv6 else _TCP4,
        start + len(bytes(TCP())),
        1_400,
        start,
        _TCP_CHECKSUM,
    )
    with machine.entered(), socket.socket(socket.AF_PACKET, socket.SOCK_RAW, 0) as sender:
        sender.setsockopt(_SOL_PACKET, _PACKET_VNET_HDR, 1)
        sender.bind(("eth0", 0))
        sender.send(header + frame)


def _folded_sum(data: bytes) -> int:
    """Sum 16-bit words in ones' complement: what stands in a checksum that isn't finished."""
    total: int = sum(struct.unpack(f"!{len(data) // 2}H", data))
    while total > 0xFFFF:
        total = (total & 0xFFFF) + (total >> 16)
    return total
