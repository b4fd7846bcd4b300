"""What never reaches a log: secrets, by their type, their field's name or their look."""

import re
from collections.abc import Mapping
from typing import Final

__all__ = ["REDACTED", "SECRET_FIELDS", "SecretText", "redacted"]

REDACTED: Final = "[secret]"

SECRET_FIELDS: Final = frozenset(
    {
        "admin_token",
        "authorization",
        "cookie",
        "credential",
        "key",
        "password",
        "private_key",
        "resume_token",
        "room_code",
        "secret",
        "token",
    }
)
"""Field names whose value is hidden, whatever it is. A pin is public and not among them."""

_BEARER: Final = re.compile(r"(?i)\b(bearer\s+)[^\s\"',]+")
_DEPTH: Final = 4
"""Levels of nesting that are looked into; what lies deeper is hidden as a whole."""


class SecretText(str):
    """A text that opens a door. Its `repr` doesn't show it, and logs hide it in every field."""

    __slots__ = ()

    def __repr__(self) -> str:
        return f"{type(self).__name__}({REDACTED})"


def redacted(value: object, *, depth: int = _DEPTH) -> object:
    """Return `value` with every secret in it replaced by `REDACTED`.

    Mappings, lists and tuples are looked into; the caller's object is not changed.
    """
    if isinstance(value, SecretText):
        return REDACTED
    if isinstance(value, str):
        return _BEARER.sub(rf"\1{REDACTED}", value)
    if not isinstance(value, Mapping | list | tuple):
        return value
    if depth == 0:
        return REDACTED
    if isinstance(value, Mapping):
        return {
            field: REDACTED
            if isinstance(field, str) and field.lower() in SECRET_FIELDS
            else redacted(inner, depth=depth - 1)
            for field, inner in value.items()
        }
    return [redacted(inner, depth=depth - 1) for inner in value]
