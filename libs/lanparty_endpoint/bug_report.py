"""What goes into a bug report, made fit for strangers' eyes. Pure.

Codes, tokens and players' names are replaced in every text, wherever they stand; MAC addresses keep
their maker's half, public addresses their network. What is left says how things are set up.
"""

import re
from collections.abc import Iterable, Mapping
from ipaddress import IPv4Address, IPv6Address, ip_address
from typing import Final

from lanparty_ctrl import RoomCode
from lanparty_obs.redaction import REDACTED, redacted

__all__ = ["cleaned", "spellings"]

_MAC: Final = re.compile(r"\b((?:[0-9a-fA-F]{2}:){3})(?:[0-9a-fA-F]{2}:){2}[0-9a-fA-F]{2}\b")
_FROM_MAC: Final = re.compile(r"(:[0-9a-fA-F]{0,2}ff:)fe[0-9a-fA-F]{2}:[0-9a-fA-F]{1,4}\b")
"""The end of an IPv6 address that was made of a MAC (RFC 4291 appendix A)."""
_IPV4: Final = re.compile(r"(?<![\w.])\d{1,3}(?:\.\d{1,3}){3}(?![\w.])")
_IPV6: Final = re.compile(r"(?<![\w:.])[0-9a-fA-F]{0,4}(?::[0-9a-fA-F]{0,4}){2,7}(?![\w:])")


def spellings(code: RoomCode | None, *typed: str) -> tuple[str, ...]:
    """Return every way a room's code may stand in a text."""
    return () if code is None else (str(code), str(code.spoken()), *typed)


def cleaned(
    value: object, *, secrets: Iterable[str] = (), names: Mapping[str, str] | None = None
) -> object:
    """Return `value`, plain for JSON, without what strangers shouldn't read.

    `secrets` are replaced wherever they stand, `names` each by its stand-in.
    """
    wanted = sorted({secret for secret in secrets if secret}, key=len, reverse=True)
    return _Cleaner(wanted, names or {}).clean(redacted(value, depth=8))


class _Cleaner:
    def __init__(self, secrets: list[str], names: Mapping[str, str]) -> None:
        self._secrets = secrets
        self._names = names
        known = sorted((re.escape(name) for name in names if name), key=len, reverse=True)
        self._name_pattern = re.compile(rf"(?<!\w)(?:{'|'.join(known)})(?!\w)") if known else None

    def clean(self, value: object) -> object:
        if isinstance(value, str):
            return self._clean_text(value)
        if isinstance(value, Mapping):
            return {key: self.clean(inner) for key, inner in value.items()}
        if isinstance(value, list | tuple):
            return [self.clean(inner) for inner in value]
        return value

    def _clean_text(self, text: str) -> str:
        for secret in self._secrets:
            text = text.replace(secret, REDACTED)
        if self._name_pattern is not None:
            text = self._name_pattern.sub(lambda found: self._names[found[0]], text)
        text = _MAC.sub(r"\1xx:xx:xx", text)
        text = _FROM_MAC.sub(r"\1fexx:xxxx", text)
        text = _IPV4.sub(lambda found: _masked(found[0]), text)
        return _IPV6.sub(lambda found: _masked(found[0]), text)


def _masked(text: str) -> str:
    """Keep the network of a public address; leave a private one, or no address, as it is."""
    try:
        address = ip_address(text)
    except ValueError:
        return text
    if not address.is_global or address.is_multicast:
        return text
    match address:
        case IPv4Address():
            return ".".join(text.split(".")[:2]) + ".x.x"
        case IPv6Address():
            return ":".join(address.exploded.split(":")[:3]) + ":x"
