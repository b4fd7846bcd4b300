"""Questions to a running endpoint of this machine: one JSON object a line, over a Unix socket.

A connection carries one request. The asker sends a line, an object with a string `request`; lines
come back, each an object with an `event`, and the last one has the event `done`, or `failed` with a
sentence and an exit code. When the asker closes its side, the request is cancelled: that is how
`join` through the service leaves. Who asks is known from the kernel (SO_PEERCRED, unix(7)), not
from what it says.

Here is what both sides need; `local_server` and `local_asking` are the sides.
"""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

__all__ = [
    "DONE",
    "FAILED",
    "LINE_LIMIT",
    "Asker",
    "LocalSocketError",
    "RequestRefused",
    "SocketTakenError",
    "decode_line",
    "encode_line",
]

LINE_LIMIT: Final = 262_144
"""Bytes of a line in either direction; a full room's status has about 60,000."""

DONE: Final = "done"
FAILED: Final = "failed"


class LocalSocketError(Exception):
    """No endpoint can be asked at this socket, or it stopped in the middle. Says why."""


class SocketTakenError(LocalSocketError):
    """Another process answers at this socket already."""


class RequestRefused(Exception):  # noqa: N818  named after what happened
    """The request can't be served: the text is for the person who asked."""

    def __init__(self, text: str, *, exit_code: int = 1) -> None:
        super().__init__(text)
        self.exit_code = exit_code


@dataclass(frozen=True, slots=True)
class Asker:
    """Who asks, as the kernel says."""

    pid: int
    uid: int

    def may_act_for(self, uid: int) -> bool:
        """Tell whether the asker may change what belongs to the user `uid`."""
        return self.uid in (0, uid)


def encode_line(values: Mapping[str, object]) -> bytes:
    """Write an object as a line of ASCII."""
    return json.dumps(values).encode() + b"\n"


def decode_line(line: bytes) -> dict[str, Any] | None:  # Any: JSON that nobody has judged yet
    """Read a line; None if it is no JSON object."""
    try:
        values = json.loads(line)
    except (ValueError, RecursionError):
        return None
    return values if isinstance(values, dict) else None
