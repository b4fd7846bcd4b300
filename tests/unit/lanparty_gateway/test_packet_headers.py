"""What the kernel tells beside a frame: unfinished work, and a VLAN tag."""

import struct

import pytest

from lanparty_gateway.packet.virtio_header import FINISHED, VirtioHeader, VirtioKind
from lanparty_gateway.packet.vlan_tag import tag_of, with_tag

FRAME = bytes(range(20))


def test_an_ordinary_frame_has_nothing_unfinished() -> None:
    assert VirtioHeader.parse(FINISHED) == VirtioHeader(False, VirtioKind.SINGLE, 0, 0, 0)


@pytest.mark.parametrize("congestion", [0, 0x80])
def test_a_superframe_is_described_whatever_its_congestion_bit(congestion: int) -> None:
    octets = struct.pack("=BBHHHH", 1, 4 | congestion, 74, 1_428, 54, 16)
    assert VirtioHeader.parse(octets) == VirtioHeader(True, VirtioKind.TCP6, 1_428, 54, 16)


def test_a_checksum_that_was_verified_isn_t_unfinished() -> None:
    assert not VirtioHeader.parse(struct.pack("=BBHHHH", 2, 0, 0, 0, 0, 0)).needs_checksum


@pytest.mark.parametrize(
    ("status", "protocol", "tag"),
    [
        pytest.param(0x01, 0x8100, b"", id="none"),
        pytest.param(0x51, 0x8100, b"\x81\x00\xe0\x05", id="802.1Q"),
        pytest.param(0x51, 0x88A8, b"\x88\xa8\xe0\x05", id="802.1ad"),
        pytest.param(0x11, 0x0000, b"\x81\x00\xe0\x05", id="a kernel that doesn't tell which"),
    ],
)
def test_a_tag_goes_back_behind_the_addresses(status: int, protocol: int, tag: bytes) -> None:
    assert tag_of(status, 0xE005, protocol) == tag
    assert with_tag(FRAME, tag) == FRAME[:12] + tag + FRAME[12:]
