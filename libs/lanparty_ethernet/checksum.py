"""The Internet checksum (RFC 1071): of the IPv4 header, ICMP, UDP and TCP."""

from typing import Final

__all__ = ["internet_checksum"]

_ALL_ONES: Final = 0xFFFF


def internet_checksum(octets: bytes | memoryview) -> int:
    """Return the checksum of `octets`, in which a field for it is zero.

    Over octets that hold their checksum already the result is 0 if it is right. An odd octet at
    the end counts as if a zero followed (section 1).
    """
    # Taken as one big number modulo 2**16 - 1, the 16-bit words add up with end-around carry,
    # because 2**16 leaves 1. Python does that in C; one by one takes fifteen times longer.
    number = int.from_bytes(octets, "big") << 8 * (len(octets) % 2)
    total = number % _ALL_ONES
    if not total and number:
        total = _ALL_ONES  # the sum of words is never 0 unless all are; both mean 0 modulo
    return _ALL_ONES - total
