"""Addresses as people write them: where a service listens, and which relay to dial."""

import re
from dataclasses import dataclass
from ipaddress import IPv4Address, IPv6Address, ip_address
from typing import Final, Self

__all__ = [
    "DEFAULT_RELAY_PORT",
    "AddressError",
    "ListenAddress",
    "RelayAddress",
    "join_host_port",
]

DEFAULT_RELAY_PORT: Final = 443
"""The UDP port of HTTP/3, which most networks let through."""

_USUAL_PORTS: Final = {"udp": DEFAULT_RELAY_PORT, "tcp": 8080}
"""For examples of what to write."""

_ZONE: Final = re.compile(r"[A-Za-z0-9_.-]{1,15}")
"""The name or number of an interface."""

_LONGEST_HOST: Final = 253
"""Characters in a DNS name (RFC 1035 section 3.1, without the root's dot)."""


class AddressError(ValueError):
    """The text names no address that this option takes; the message says what to write."""


@dataclass(frozen=True, slots=True)
class ListenAddress:
    """A local socket address to bind. Port 0 lets the system choose a free one."""

    host: str | None
    """A numeric IPv4 or IPv6 address; None for every address of both families."""
    port: int

    @classmethod
    def parse(cls, text: str, *, transport: str, host: str | None = None) -> Self:
        """Read `443/udp`, `443`, `1.2.3.4:443`, `[::1]:443`, `*:443` or `0`.

        `transport` is the only suffix allowed; a port alone goes with `host`.
        Raises `AddressError`.
        """
        address, slash, suffix = text.strip().partition("/")
        if slash and suffix.lower() != transport:
            raise AddressError(f"{text!r} should end in /{transport}, or have no suffix at all")
        if address.isascii() and address.isdigit():
            return cls(host, _port(address, text))
        name, colon, port = address.rpartition(":")
        if not colon or address.endswith("]"):
            usual = _USUAL_PORTS[transport]
            raise AddressError(
                f"{text!r} has no port: write {usual}/{transport}, 192.0.2.1:{usual} "
                f"or [2001:db8::1]:{usual}"
            )
        if name in {"", "*"}:
            return cls(None, _port(port, text))
        return cls(_numeric(name, text), _port(port, text))

    def __str__(self) -> str:
        return join_host_port(self.host or "*", self.port)


@dataclass(frozen=True, slots=True)
class RelayAddress:
    """A relay to dial, by name or number."""

    host: str
    """A DNS name, or a numeric address without brackets."""
    port: int = DEFAULT_RELAY_PORT

    @classmethod
    def parse(cls, text: str) -> Self:
        """Read `HOST`, `HOST:PORT`, `192.0.2.1:PORT`, `[2001:db8::1]:PORT` or `2001:db8::1`.

        Raises `AddressError`.
        """
        written = text.strip()
        if _is_ipv6(written):
            return cls(written)
        if written.startswith("["):
            host, bracket, rest = written[1:].partition("]")
            if not bracket or not _is_ipv6(host) or (rest and not rest.startswith(":")):
                raise AddressError(f"{text!r} is no IPv6 address: write [2001:db8::1]:443")
            port = rest[1:] if rest else None
        else:
            host, colon, after = written.partition(":")
            if not _is_host(host):
                raise AddressError(f"{text!r} names no host: write relay.example or 192.0.2.1:443")
            port = after if colon else None
        if port is None:
            return cls(host)
        number = _port(port, text)
        if number == 0:
            raise AddressError(f"{text!r}: a relay can't be dialed at port 0")
        return cls(host, number)

    def __str__(self) -> str:
        return join_host_port(self.host, self.port)


def join_host_port(host: str, port: int) -> str:
    """Write host and port as one text, an IPv6 address in brackets (RFC 3986 section 3.2.2)."""
    return f"[{host}]:{port}" if ":" in host else f"{host}:{port}"


def _port(text: str, whole: str) -> int:
    if not (text.isascii() and text.isdigit()) or len(text) > 5 or int(text) > 65_535:
        raise AddressError(f"{whole!r}: the port must be a number from 0 to 65535")
    return int(text)


def _numeric(text: str, whole: str) -> str:
    bracketed = text.startswith("[") and text.endswith("]")
    try:
        address = ip_address(text[1:-1] if bracketed else text)
    except ValueError:
        raise AddressError(
            f"{whole!r}: listen on a numeric address (192.0.2.1:443, [2001:db8::1]:443), not a name"
        ) from None
    if bracketed != isinstance(address, IPv6Address):
        raise AddressError(f"{whole!r}: an IPv6 address goes in brackets, an IPv4 address without")
    return str(address)


def _is_ipv6(text: str) -> bool:
    try:
        IPv6Address(text)
    except ValueError:
        return False
    # A zone (RFC 4007 section 11) may be any text for Python. It is an interface here, and what
    # one person writes as a relay is printed on other people's terminals.
    _, percent, zone = text.partition("%")
    return not percent or _ZONE.fullmatch(zone) is not None


def _is_host(text: str) -> bool:
    if text.replace(".", "").isdigit():
        try:
            IPv4Address(text)
        except ValueError:
            return False
    labels = text.removesuffix(".").split(".")
    return len(text) <= _LONGEST_HOST and all(
        0 < len(label) <= 63 and label.replace("-", "").replace("_", "").isalnum()
        for label in labels
    )
