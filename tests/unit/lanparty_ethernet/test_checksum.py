"""The Internet checksum: RFC 1071's example, edges, and a plain reading of the RFC."""

from random import Random

import pytest

from lanparty_ethernet import internet_checksum


def read_plainly(octets: bytes) -> int:
    """RFC 1071 section 1, word by word."""
    padded = octets + bytes(len(octets) % 2)
    total = 0
    for at in range(0, len(padded), 2):
        total += padded[at] << 8 | padded[at + 1]
        total = (total & 0xFFFF) + (total >> 16)
    return total ^ 0xFFFF


@pytest.mark.parametrize(
    ("octets", "checksum"),
    [
        ("0001f203f4f5f6f7", 0x220D),  # RFC 1071 section 3: the sum is ddf2
        ("", 0xFFFF),
        ("0000", 0xFFFF),
        ("ffff", 0x0000),
        ("ffffffff", 0x0000),
        ("0000ffff", 0x0000),
        ("01", 0xFEFF),
        ("000001", 0xFEFF),
        ("450000730000400040110000c0a80001c0a800c7", 0xB861),
        ("45000073000040004011b861c0a80001c0a800c7", 0x0000),
    ],
)
def test_known_octets_have_the_known_checksum(octets: str, checksum: int) -> None:
    assert internet_checksum(bytes.fromhex(octets)) == checksum


def test_any_octets_have_the_checksum_of_the_plain_reading() -> None:
    random = Random(1071)
    for _ in range(2000):
        octets = random.randbytes(random.randrange(1_600))
        assert internet_checksum(memoryview(octets)) == read_plainly(octets)
