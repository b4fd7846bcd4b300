"""A packet socket with a ring of received frames (packet(7), networking/packet_mmap.rst).

Reading a frame of the ring is no system call, and frames wait in it without regard to
net.core.rmem_max, which holds a few hundred small ones. A frame that is longer than its slot, a
superframe, waits whole in the socket's own queue.
"""

import ctypes
import errno
import socket
import struct
from collections.abc import Sequence
from typing import Final

from lanparty_gateway.packet.assembler import Instruction, packed
from lanparty_gateway.packet.counters import PortCounters
from lanparty_gateway.packet.filter import DROP_ALL, coarse_program, filter_program
from lanparty_gateway.packet.finishing import finish
from lanparty_gateway.packet.ring import SLOT_SIZE, SLOTS, ReceiveRing
from lanparty_gateway.packet.virtio_header import (
    FINISHED,
    ORDINARY,
    VIRTIO_HEADER_LENGTH,
    VirtioHeader,
)
from lanparty_gateway.packet.vlan_tag import VLAN_VALID, tag_of, with_tag
from lanparty_gateway.packet.wish import FilterWish

__all__ = ["PacketSocket"]

_QUEUE_SIZE: Final = 4 << 20
"""Bytes of long frames that may wait; without CAP_NET_ADMIN, no more than net.core.rmem_max."""

# Numbers of linux/if_packet.h and asm-generic/socket.h that the socket module has no names for.
_ETH_P_ALL: Final = 0x0003
_SOL_PACKET: Final = 263
_PACKET_ADD_MEMBERSHIP: Final = 1
_PACKET_RX_RING: Final = 5
_PACKET_STATISTICS: Final = 6
_PACKET_COPY_THRESH: Final = 7
_PACKET_VERSION: Final = 10
_PACKET_VNET_HDR: Final = 15
_PACKET_IGNORE_OUTGOING: Final = 23
_PACKET_MR_PROMISC: Final = 1
_TPACKET_V2: Final = 1
_SO_ATTACH_FILTER: Final = 26
_SO_RCVBUFFORCE: Final = 33

_MEMBERSHIP: Final = struct.Struct("=iHH8s")  # struct packet_mreq: index, type, length, address
_STATISTICS: Final = struct.Struct("=II")  # struct tpacket_stats: packets, drops
_PROGRAM: Final = struct.Struct("@HP")  # struct sock_fprog: how many, and where

_SLOT: Final = struct.Struct("=IIIHHIIHH")
"""struct tpacket2_hdr: status, len, snaplen, mac, net, sec, nsec, vlan_tci, vlan_tpid."""
_COPIED: Final = 1 << 1  # TP_STATUS_COPY

_LONGEST: Final = 1 << 17
"""Bytes of a superframe that are read; the kernel makes none over 64 KiB unless it is told to."""

_FRAME_REFUSED: Final = frozenset({errno.EINVAL, errno.EMSGSIZE, errno.EOPNOTSUPP})


class PacketSocket:
    """The socket on one interface, for as long as that exists.

    Nothing raises after it was made, but `take_error` and `write` tell what the kernel says.
    """

    def __init__(
        self, interface: str, *, index: int, wish: FilterWish, counters: PortCounters
    ) -> None:
        """Open it. Raises `PermissionError` without CAP_NET_RAW, `OSError` for the rest."""
        self._counters = counters
        # Without a protocol it hears nothing until it is bound, when its filter is in place.
        self._socket: Final = socket.socket(
            socket.AF_PACKET, socket.SOCK_RAW | socket.SOCK_NONBLOCK | socket.SOCK_CLOEXEC, 0
        )
        try:
            self._set_up()
            self.admit(wish)
            self._ring: Final = ReceiveRing(self._socket.fileno())
        except BaseException:
            self._socket.close()
            raise
        self._long: Final = bytearray(_LONGEST)
        try:
            self._socket.bind((interface, _ETH_P_ALL))
            promiscuous = _MEMBERSHIP.pack(index, _PACKET_MR_PROMISC, 0, b"")
            self._socket.setsockopt(_SOL_PACKET, _PACKET_ADD_MEMBERSHIP, promiscuous)
        except BaseException:
            self.close()
            raise

    def fileno(self) -> int:
        """Return the descriptor, readable while frames wait or the kernel has an error to tell."""
        return self._socket.fileno()

    def close(self) -> None:
        """Close it, upon which the kernel takes back what it did for it."""
        self.count_drops()
        self._ring.close()
        self._socket.close()

    def read(self, most: int, *, mtu: int) -> list[bytes]:
        """Take finished frames until there are `most` or none waits; superframes cut to `mtu`.

        The last superframe may make more of them.
        """
        frames: list[bytes] = []
        while len(frames) < most and (ready := self._ring.count_ready(most)):
            self._take(ready, most, frames, mtu=mtu)
        return frames

    def write(self, frames: Sequence[bytes]) -> int:
        """Send frames, and return how many the kernel took.

        One that it refuses for its own sake is skipped. If it takes none at the moment (a full
        queue, no cable), that one and the rest are lost.
        """
        send, taken, refused = self._socket.send, 0, 0
        for frame in frames:
            try:
                send(FINISHED + frame)
                taken += 1
            except OSError as error:
                refused += 1
                if error.errno not in _FRAME_REFUSED:
                    refused = len(frames) - taken
                    break
        self._counters.refused_writes += refused
        return taken

    def take_error(self) -> int:
        """Return the error that the kernel keeps for the socket, 0 for none, and clear it."""
        return self._socket.getsockopt(socket.SOL_SOCKET, socket.SO_ERROR)

    def count_drops(self) -> None:
        """Add what the kernel dropped since the last time; its own count begins anew."""
        answer = self._socket.getsockopt(_SOL_PACKET, _PACKET_STATISTICS, _STATISTICS.size)
        self._counters.kernel_drops += _STATISTICS.unpack(answer)[1]

    def admit(self, wish: FilterWish) -> None:
        """Let the kernel filter by this wish from the next frame on.

        The kernel counts a program against net.core.optmem_max (20 KiB before Linux 6.7), an old
        one still beside the new. If both don't fit, nothing passes for an instant; if the new one
        doesn't fit alone, only tunnels and other VLANs are kept out. Raises `OSError`.
        """
        try:
            self._attach(filter_program(wish))
            return
        except OSError as error:
            if error.errno != errno.ENOMEM:
                raise
        self._attach(DROP_ALL)
        try:
            self._attach(filter_program(wish))
        except OSError as error:
            if error.errno != errno.ENOMEM:
                raise
            self._attach(coarse_program(wish))
            self._counters.coarse_filters += 1

    def _set_up(self) -> None:
        option = self._socket.setsockopt
        option(_SOL_PACKET, _PACKET_VERSION, _TPACKET_V2)
        option(_SOL_PACKET, _PACKET_VNET_HDR, 1)
        option(_SOL_PACKET, _PACKET_COPY_THRESH, 1)
        try:
            option(_SOL_PACKET, _PACKET_IGNORE_OUTGOING, 1)
        except OSError as error:  # Linux before 4.20: the filter drops what is outgoing
            if error.errno != errno.ENOPROTOOPT:
                raise
        try:
            option(socket.SOL_SOCKET, _SO_RCVBUFFORCE, _QUEUE_SIZE)
        except PermissionError:
            option(socket.SOL_SOCKET, socket.SO_RCVBUF, _QUEUE_SIZE)
        option(_SOL_PACKET, _PACKET_RX_RING, ReceiveRing.REQUEST)

    def _attach(self, program: Sequence[Instruction]) -> None:
        octets = packed(program)
        memory = ctypes.create_string_buffer(octets, len(octets))
        self._socket.setsockopt(
            socket.SOL_SOCKET,
            _SO_ATTACH_FILTER,
            _PROGRAM.pack(len(program), ctypes.addressof(memory)),
        )

    def _take(self, ready: int, most: int, frames: list[bytes], *, mtu: int) -> None:
        """Add the frames of that many slots, fewer if there are `most` before, and free these."""
        memory, first = self._ring.memory, self._ring.first
        unpack, add, taken = _SLOT.unpack_from, frames.append, 0
        while taken < ready and len(frames) < most:
            begin = (first + taken) % SLOTS * SLOT_SIZE
            taken += 1
            status, length, here, offset, _, _, _, control, protocol = unpack(memory, begin)
            begin += offset
            unfinished = memory[begin - VIRTIO_HEADER_LENGTH : begin]
            if here == length and not status & VLAN_VALID and unfinished in ORDINARY:
                add(memory[begin : begin + here])
            else:
                whole = memory[begin : begin + here] if here == length else self._long_frame(status)
                if whole is not None:
                    tag = tag_of(status, control, protocol)
                    frames += self._finished(whole, unfinished, tag, mtu=mtu)
        self._ring.free(taken)

    def _finished(self, frame: bytes, unfinished: bytes, tag: bytes, *, mtu: int) -> list[bytes]:
        header = VirtioHeader.parse(unfinished)
        frames = finish(frame, header, mtu=mtu, counters=self._counters)
        return [with_tag(frame, tag) for frame in frames] if tag else frames

    def _long_frame(self, status: int) -> bytes | None:
        """Take the frame that didn't fit into its slot from the socket's queue."""
        if not status & _COPIED:
            self._counters.truncated += 1
            return None
        try:
            size, _, flags, _ = self._receive_long()
        except OSError:
            self._counters.unreadable += 1
            return None
        if flags & socket.MSG_TRUNC:
            self._counters.truncated += 1
            return None
        return bytes(memoryview(self._long)[VIRTIO_HEADER_LENGTH:size])

    def _receive_long(self) -> tuple[int, object, int, object]:
        try:
            return self._socket.recvmsg_into([self._long])
        except OSError as error:
            if error.errno != errno.ENETDOWN:
                raise
        # A network that went down says so once, in place of the frame, which is still there: left
        # in the queue, it would be taken for the next one.
        return self._socket.recvmsg_into([self._long])
