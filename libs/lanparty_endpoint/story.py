"""A session's part of a bug report: its diagnostics and what happened lately, cleaned."""

from collections.abc import Mapping
from typing import Any

from lanparty_client_core import LastingSession
from lanparty_ctrl import Role
from lanparty_endpoint.bug_report import cleaned, spellings
from lanparty_endpoint.recent_lines import RecentLines
from lanparty_endpoint.room_wish import RoomWish
from lanparty_obs.diagnostics import ClientDiagnostics

__all__ = ["story_of"]


def story_of(
    wish: RoomWish,
    session: LastingSession | None,
    diagnostics: ClientDiagnostics,
    log: RecentLines,
    *,
    asked_for: Mapping[str, object],
) -> dict[str, Any]:  # Any: JSON
    """Put it together. Every code, token and name that the session knows is replaced.

    `asked_for` are the program's own settings.
    """
    secrets: list[str] = []
    names = {wish.name: "me"}
    if wish.room is not None:
        secrets += spellings(wish.room.code, wish.room.spelling)
    if session is not None and session.welcome is not None:
        secrets += spellings(session.welcome.room_code)
        secrets.append(session.welcome.resume_token)
    if session is not None:
        for peer, member in session.members.items():
            names.setdefault(member.name, f"friend {peer}")
    for number, name in enumerate(log.names(), 1):
        names.setdefault(name, f"earlier friend {number}")
    document = {
        "diagnostics": diagnostics.to_dict(),
        "asked_for": dict(asked_for) | {"wait": wish.wait, "pinned": wish.pin is not None},
        "lately": log.lines(),
    }
    for role in Role:  # Whoever is called by a role's name says nothing by it.
        names.pop(role.value, None)
    clean = cleaned(document, secrets=secrets, names=names)
    assert isinstance(clean, dict)
    return clean
