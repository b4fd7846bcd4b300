"""MAC addresses (IEEE 802-2014 clause 8): parse, format, classify, validate as an identity."""

import re
from typing import Final, Self

from lanparty_proto.errors import ProtoError

__all__ = ["BROADCAST", "MacAddress", "MacAddressError"]

_SPELLINGS: Final = re.compile(
    r"(?:[0-9a-f]{2}(:[0-9a-f]{2}){5}|[0-9a-f]{2}(-[0-9a-f]{2}){5}"
    r"|[0-9a-f]{4}(\.[0-9a-f]{4}){2}|[0-9a-f]{12})",
    re.IGNORECASE | re.ASCII,
)
_RESERVED_PREFIX: Final = bytes.fromhex("0180c20000")


class MacAddressError(ProtoError, ValueError):
    """The text or bytes are no MAC address, or none that may be an identity."""


class MacAddress(bytes):
    """Six octets. Equal to, and hashed as, the plain bytes, so a slice of a frame finds it."""

    __slots__ = ()

    def __new__(cls, octets: bytes | memoryview) -> Self:
        """Take exactly six octets; raise `MacAddressError` for any other length."""
        if len(octets) != 6:
            raise MacAddressError(f"a MAC address has 6 octets, not {len(octets)}")
        return super().__new__(cls, octets)

    @classmethod
    def parse(cls, text: str) -> Self:
        """Read 02:00:5e:10:00:01, 02-00-5E-10-00-01, 0200.5e10.0001 or 02005e100001.

        Raises `MacAddressError` for anything else.
        """
        if not _SPELLINGS.fullmatch(text):
            raise MacAddressError(f"not a MAC address: {text[:40]!r} (write 02:00:5e:10:00:01)")
        return cls(bytes.fromhex(re.sub("[:.-]", "", text)))

    def __str__(self) -> str:
        return self.hex(":")

    def __repr__(self) -> str:
        return f"MacAddress({self.hex(':')!r})"

    @property
    def is_group(self) -> bool:
        """The I/G bit is set: multicast or broadcast (clause 8.2.2)."""
        return bool(self[0] & 0x01)

    @property
    def is_unicast(self) -> bool:
        """The I/G bit is clear."""
        return not self[0] & 0x01

    @property
    def is_broadcast(self) -> bool:
        """All ones."""
        return self == BROADCAST

    @property
    def is_local(self) -> bool:
        """The U/L bit is set: locally administered (clause 8.2.2)."""
        return bool(self[0] & 0x02)

    @property
    def is_reserved(self) -> bool:
        """01:80:C2:00:00:00 to 0F, which no bridge forwards (IEEE 802.1Q-2022 table 8-1)."""
        return self[:5] == _RESERVED_PREFIX and self[5] <= 0x0F

    def require_identity(self, *, allow_universal: bool = False) -> Self:
        """Return self if it may identify a client: unicast, not zero, locally administered.

        With `allow_universal` the U/L bit doesn't matter. Raises `MacAddressError` otherwise.
        """
        if self.is_group:
            raise MacAddressError(f"{self!s} is a group address and can't identify a player")
        if not any(self):
            raise MacAddressError("the all-zero address can't identify a player")
        if not (self.is_local or allow_universal):
            raise MacAddressError(f"{self!s} is not locally administered (its second bit is clear)")
        return self


BROADCAST: Final = MacAddress(b"\xff" * 6)
