"""Every code that ends or refuses a session, and the sentence that a person reads for it.

A code is what goes over the wire and into metrics; a player never sees it, only its sentence.
The same codes serve `reject` and `disconnect` messages and, as numbers, the QUIC application
close (RFC 9000 section 19.19), so that a reason survives the loss of the control message.
"""

from collections.abc import Mapping
from enum import StrEnum
from typing import Final, NamedTuple

__all__ = [
    "FINAL_CODES",
    "SessionEnd",
    "quic_error_code",
    "render_codes",
    "sentence",
    "session_end_of",
]


class SessionEnd(StrEnum):
    """Why a session was refused or ended. `FINAL_CODES` tells which forbid a reconnect."""

    LEFT = "left"
    SHUTDOWN = "shutdown"
    IDLE = "idle"
    HELLO_TIMEOUT = "hello_timeout"
    TOO_SLOW = "too_slow"
    PROTOCOL_ERROR = "protocol_error"
    VERSION = "version"
    PIN = "pin"
    CERTIFICATE = "certificate"
    REPLACED = "replaced"
    KICKED = "kicked"
    BANNED = "banned"
    ROOM_CLOSED = "room_closed"
    ROOM_UNKNOWN = "room_unknown"
    ROOM_FULL = "room_full"
    ROOM_LIMIT = "room_limit"
    JOIN_LIMIT = "join_limit"
    GATEWAY_PRESENT = "gateway_present"
    MAC_IN_USE = "mac_in_use"
    MAC_NOT_ALLOWED = "mac_not_allowed"
    MTU_TOO_SMALL = "mtu_too_small"
    BUDGET_TOO_SMALL = "budget_too_small"
    RELAY_UNREACHABLE = "relay_unreachable"
    CONNECTION_LOST = "connection_lost"
    INTERNAL_ERROR = "internal_error"


FINAL_CODES: Final = frozenset(
    {
        SessionEnd.REPLACED,
        SessionEnd.KICKED,
        SessionEnd.BANNED,
        SessionEnd.ROOM_CLOSED,
        SessionEnd.ROOM_UNKNOWN,
        SessionEnd.VERSION,
        SessionEnd.PIN,
        SessionEnd.MAC_IN_USE,
        SessionEnd.PROTOCOL_ERROR,
    }
)
"""Codes after which an endpoint must not reconnect by itself: trying again can't succeed."""


class _Entry(NamedTuple):
    number: int
    sentence: str


# A number is never given a second meaning. 0 is the close of a program that says no reason.
_TABLE: Final[Mapping[SessionEnd, _Entry]] = {
    SessionEnd.LEFT: _Entry(0, "You left the room."),
    # The relay or the way to it.
    SessionEnd.SHUTDOWN: _Entry(
        1,
        "The relay is being shut down or restarted. Wait a minute, then join again.",
    ),
    SessionEnd.IDLE: _Entry(
        2,
        "Nothing came through for half a minute, so the session was ended. "
        "Check your internet connection, then join again.",
    ),
    SessionEnd.HELLO_TIMEOUT: _Entry(
        3,
        "Joining took too long, so the relay gave up. "
        "Check your internet connection, then join again.",
    ),
    SessionEnd.TOO_SLOW: _Entry(
        4,
        "Your connection couldn't keep up with the room. "
        "Stop large downloads and uploads, then join again.",
    ),
    SessionEnd.RELAY_UNREACHABLE: _Entry(
        5,
        "The relay doesn't answer. Check its address and your internet connection; "
        "a firewall that blocks UDP can be the cause too.",
    ),
    SessionEnd.CONNECTION_LOST: _Entry(
        6,
        "The connection to the relay was lost. Check your internet connection, then join again.",
    ),
    SessionEnd.INTERNAL_ERROR: _Entry(
        7,
        "Something went wrong inside softlan. Join again; "
        "if it happens once more, please report it together with the log.",
    ),
    # The two programs or the relay's identity.
    SessionEnd.PROTOCOL_ERROR: _Entry(
        16,
        "This program and the relay don't understand each other. "
        "Install the newest softlan; if that doesn't help, tell the relay's operator.",
    ),
    SessionEnd.VERSION: _Entry(
        17,
        "This program and the relay are of versions that don't fit together. "
        "Install the newest softlan, or ask the relay's operator to.",
    ),
    SessionEnd.PIN: _Entry(
        18,
        "This is not the relay that the pin belongs to, so you were not connected. "
        "Check the address and the pin with the person who gave them to you.",
    ),
    SessionEnd.CERTIFICATE: _Entry(
        19,
        "The relay couldn't prove that it is the one you asked for, so you were not connected. "
        "Check its address, or ask its operator for the pin.",
    ),
    # Somebody's decision.
    SessionEnd.REPLACED: _Entry(
        32,
        "A newer connection took over your place in the room. "
        "If it wasn't yours, join again with another network address.",
    ),
    SessionEnd.KICKED: _Entry(
        33,
        "The relay's operator removed you from the room. Ask them before you join again.",
    ),
    SessionEnd.BANNED: _Entry(
        34,
        "The relay's operator doesn't let you in any more. Ask them for the reason.",
    ),
    SessionEnd.ROOM_CLOSED: _Entry(
        35,
        "The room has been closed. Make a new room, or ask your friends for another code.",
    ),
    # The room and the limits.
    SessionEnd.ROOM_UNKNOWN: _Entry(
        48,
        "There is no room with this code. Check the code for a typing mistake; "
        "a room also goes when its last player leaves.",
    ),
    SessionEnd.ROOM_FULL: _Entry(
        50,
        "The room is full. Wait until somebody leaves, or make another room.",
    ),
    SessionEnd.ROOM_LIMIT: _Entry(
        51,
        "The relay has no place for another room now. Try later, or use another relay.",
    ),
    SessionEnd.JOIN_LIMIT: _Entry(
        52,
        "There were too many tries to join from your internet connection. "
        "Wait a minute, then join again.",
    ),
    # What the newcomer brings.
    SessionEnd.GATEWAY_PRESENT: _Entry(
        64,
        "This room already has a gateway to a local network. Stop that one first.",
    ),
    SessionEnd.MAC_IN_USE: _Entry(
        65,
        "Another player in this room already uses this network address. "
        "Choose another address, or leave with the other computer first.",
    ),
    SessionEnd.MAC_NOT_ALLOWED: _Entry(
        66,
        "The relay doesn't accept this network address. "
        "Join without choosing one, and softlan makes one that fits.",
    ),
    SessionEnd.MTU_TOO_SMALL: _Entry(
        67,
        "Your network interface is set to packets that are too small for this room. "
        "Set its MTU to 1500, then join again.",
    ),
    SessionEnd.BUDGET_TOO_SMALL: _Entry(
        68,
        "Your internet connection lets only very small packets through. "
        "Switch off any other VPN, or try another network.",
    ),
}

_BY_NUMBER: Final = {number: end for end, (number, _) in _TABLE.items()}


def sentence(end: SessionEnd) -> str:
    """Tell a player what happened and what to do now."""
    return _TABLE[end].sentence


def quic_error_code(end: SessionEnd) -> int:
    """Return the error code of the QUIC application close that says the same."""
    return _TABLE[end].number


def session_end_of(quic_error_code: int) -> SessionEnd | None:
    """Read an application close's error code; None for a number that softlan doesn't use."""
    return _BY_NUMBER.get(quic_error_code)


def render_codes() -> str:
    """Render the table as Markdown, for docs/protocol.md."""
    lines = ["| code | number | reconnect | what a player reads |", "|---|---|---|---|"]
    lines += [
        f"| `{end}` | {number} | {'no' if end in FINAL_CODES else 'yes'} | {text} |"
        for end, (number, text) in _TABLE.items()
    ]
    return "\n".join(lines) + "\n"
