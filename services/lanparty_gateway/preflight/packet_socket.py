"""A packet socket for the time of the preflight (packet(7), linux/if_packet.h).

It is promiscuous by a membership, which the kernel takes back with the socket, however it ends.
Only what the preflight reads comes through the kernel's filter, and of that the beginning alone: a
busy network costs nothing.
"""

import asyncio
import ctypes
import socket
import struct
from collections.abc import Callable, Sequence
from contextlib import suppress
from types import TracebackType
from typing import Final, Self

from lanparty_ethernet import (
    DHCP_CLIENT_PORT,
    ETHERTYPE_ARP,
    ETHERTYPE_IPV4,
    ETHERTYPE_PROBE,
    PROTOCOL_UDP,
)
from lanparty_gateway.packet.vlan_tag import AUXDATA, tag_of, with_tag

__all__ = ["PacketSocket"]

_ETH_P_ALL: Final = 0x0003
_SOL_PACKET: Final = 263
_PACKET_ADD_MEMBERSHIP: Final = 1
_PACKET_AUXDATA: Final = 8
_PACKET_MR_PROMISC: Final = 1
_MEMBERSHIP: Final = struct.Struct("=iHH8s")
"""struct packet_mreq: ifindex, type, alen, address."""
_SO_ATTACH_FILTER: Final = 26

_ADDRESSES: Final = 12

_BEGINNING: Final = 1_024
"""Bytes of a frame that are read: a DHCP message has 576 at least, and none is much longer."""

_MOST_AT_ONCE: Final = 64
"""Frames in one turn of the event loop: a trunk full of tagged frames doesn't stop the program."""

_LOAD_HALF: Final = 0x28  # BPF_LD | BPF_H | BPF_ABS, of linux/filter.h
_LOAD_BYTE: Final = 0x30  # BPF_LD | BPF_B | BPF_ABS
_LOAD_HALF_INDEXED: Final = 0x48  # BPF_LD | BPF_H | BPF_IND
_LOAD_HEADER_LENGTH: Final = 0xB1  # BPF_LDX | BPF_B | BPF_MSH: X = 4 * (octet & 0xF)
_JUMP_EQUAL: Final = 0x15  # BPF_JMP | BPF_JEQ | BPF_K
_JUMP_GREATER: Final = 0x25  # BPF_JMP | BPF_JGT | BPF_K
_RETURN: Final = 0x06  # BPF_RET | BPF_K
_VLAN_TAG_PRESENT: Final = 0xFFFFF000 + 48  # SKF_AD_OFF + SKF_AD_VLAN_TAG_PRESENT
_PACKET_TYPE: Final = 0xFFFFF000 + 4  # SKF_AD_OFF + SKF_AD_PKTTYPE
_OUTGOING: Final = 4  # PACKET_OUTGOING: what this machine sends itself
_LARGEST_LENGTH: Final = 1_500
_TAGGED: Final = (0x8100, 0x88A8)

_PROGRAM: Final = (
    # code, skip if true, skip if false, operand; a skip counts the instructions after this one.
    (_LOAD_BYTE, 0, 0, _PACKET_TYPE),
    (_JUMP_EQUAL, 15, 0, _OUTGOING),  # -> drop
    (_LOAD_BYTE, 0, 0, _VLAN_TAG_PRESENT),
    (_JUMP_EQUAL, 0, 12, 0),  # -> take
    (_LOAD_HALF, 0, 0, _ADDRESSES),
    (_JUMP_GREATER, 0, 10, _LARGEST_LENGTH),  # LLC, as spanning trees -> take
    (_JUMP_EQUAL, 9, 0, ETHERTYPE_ARP),
    (_JUMP_EQUAL, 8, 0, ETHERTYPE_PROBE),
    (_JUMP_EQUAL, 7, 0, _TAGGED[0]),
    (_JUMP_EQUAL, 6, 0, _TAGGED[1]),
    (_JUMP_EQUAL, 0, 6, ETHERTYPE_IPV4),  # else -> drop
    (_LOAD_BYTE, 0, 0, 14 + 9),
    (_JUMP_EQUAL, 0, 4, PROTOCOL_UDP),
    (_LOAD_HEADER_LENGTH, 0, 0, 14),
    (_LOAD_HALF_INDEXED, 0, 0, 14 + 2),
    (_JUMP_EQUAL, 0, 1, DHCP_CLIENT_PORT),
    (_RETURN, 0, 0, _BEGINNING),
    (_RETURN, 0, 0, 0),
)
_INSTRUCTION: Final = struct.Struct("=HBBI")
_FILTER: Final = struct.Struct("@HP")
"""struct sock_fprog: how many, and where."""


class PacketSocket:
    """Frames of the LAN, but for this machine's own; a VLAN tag is put back into its frame."""

    def __init__(self, interface: str, *, index: int) -> None:
        """Open it. Raises `PermissionError` without CAP_NET_RAW, `OSError` if it is gone."""
        self._socket: Final = socket.socket(socket.AF_PACKET, socket.SOCK_RAW, 0)
        try:
            self._socket.setblocking(False)
            self._socket.setsockopt(_SOL_PACKET, _PACKET_AUXDATA, 1)
            self._attach_filter()
            self._socket.bind((interface, _ETH_P_ALL))
            promiscuous = _MEMBERSHIP.pack(index, _PACKET_MR_PROMISC, 0, b"")
            self._socket.setsockopt(_SOL_PACKET, _PACKET_ADD_MEMBERSHIP, promiscuous)
        except BaseException:
            self._socket.close()
            raise

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self.close()

    def close(self) -> None:
        """Close it; what it had changed is as before."""
        with suppress(RuntimeError):  # no event loop runs any more
            asyncio.get_running_loop().remove_reader(self._socket)
        self._socket.close()

    def on_frames(self, call: Callable[[list[bytes]], None]) -> None:
        """Call with the frames of each turn of the running event loop, until it is closed."""
        asyncio.get_running_loop().add_reader(self._socket, lambda: call(self._read()))

    def send(self, frames: Sequence[bytes]) -> None:
        """Send frames; one that can't be sent now is lost, as on any cable."""
        for frame in frames:
            with suppress(OSError):
                self._socket.send(frame)

    def _read(self) -> list[bytes]:
        frames = []
        # An interface that goes down says so once, and the rest is silence.
        with suppress(OSError):
            for _ in range(_MOST_AT_ONCE):
                frame, extras, _, _ = self._socket.recvmsg(_BEGINNING, 64)
                frames.append(_with_tag(frame, extras))
        return frames

    def _attach_filter(self) -> None:
        program = b"".join(_INSTRUCTION.pack(*instruction) for instruction in _PROGRAM)
        memory = ctypes.create_string_buffer(program, len(program))
        self._socket.setsockopt(
            socket.SOL_SOCKET,
            _SO_ATTACH_FILTER,
            _FILTER.pack(len(_PROGRAM), ctypes.addressof(memory)),
        )


def _with_tag(frame: bytes, extras: list[tuple[int, int, bytes]]) -> bytes:
    for level, kind, data in extras:
        if (level, kind) == (_SOL_PACKET, _PACKET_AUXDATA) and len(data) >= AUXDATA.size:
            status, *_, control, protocol = AUXDATA.unpack(data[: AUXDATA.size])
            return with_tag(frame, tag_of(status, control, protocol))
    return frame
