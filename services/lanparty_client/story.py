"""A session's part of a bug report: its diagnostics and what happened lately, cleaned."""

from typing import Any

from lanparty_client.membership import Membership
from lanparty_client.picture import diagnostics_of
from lanparty_endpoint.bug_report import cleaned, spellings
from lanparty_endpoint.recent_lines import RecentLines

__all__ = ["report_of"]


def report_of(membership: Membership, log: RecentLines) -> dict[str, Any]:  # Any: JSON
    """Put it together. Every code, token and name that the session knows is replaced."""
    wish, session = membership.wish, membership.session
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
    asked_for = {
        "address": str(wish.address),
        "discovery_routes": wish.discovery_routes,
        "clamp_mss": wish.clamp_mss,
        "use_lan_gateway": wish.use_lan_gateway,
        "force": wish.force,
        "wait": wish.wait,
        "pinned": wish.pin is not None,
    }
    document = {
        "diagnostics": diagnostics_of(membership).to_dict(),
        "asked_for": asked_for,
        "lately": log.lines(),
    }
    clean = cleaned(document, secrets=secrets, names=names)
    assert isinstance(clean, dict)
    return clean
