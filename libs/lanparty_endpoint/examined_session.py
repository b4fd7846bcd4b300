"""What a doctor learns from the session that runs, and from the way to its relay."""

import os
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from lanparty_client_core import LastingSession
from lanparty_client_core.join import KnownRelay
from lanparty_command import CommandFailed, ExitCode, RelayAddress
from lanparty_ctrl import PeerJoined
from lanparty_endpoint.directories import SessionKind
from lanparty_endpoint.doctor import FriendFacts, PathFacts, ReachFacts, SeenByFacts, SessionFacts
from lanparty_endpoint.doctor.dialing import dial_relay
from lanparty_endpoint.doctor_settings import ExaminedRelaySettings
from lanparty_endpoint.local_asking import ask
from lanparty_endpoint.local_requests import LocalSocketError, RequestRefused
from lanparty_endpoint.room_wish import RoomWish
from lanparty_endpoint.sessions import find_session
from lanparty_quic import CertificateAuthority, PinnedKey

__all__ = [
    "ToldBySession",
    "facts_answer",
    "friends_of",
    "installed_at",
    "reach_relay",
    "seen_by_session",
    "told_by_session",
    "which_relay",
]


@dataclass(frozen=True, slots=True)
class ToldBySession:
    """What a running session told of itself."""

    socket: Path
    facts: SessionFacts
    relay: KnownRelay


def facts_answer(facts: SessionFacts, wish: RoomWish) -> dict[str, object]:
    """Return what a session answers to `doctor`: its facts, and which relay it is for."""
    return {
        "event": "facts",
        "session": facts.model_dump(mode="json"),
        "relay": str(wish.relay),
        "pin": wish.pin,
        "authorities": wish.authorities,
    }


def friends_of(session: LastingSession | None) -> tuple[FriendFacts, ...]:
    """Return who else is in the room."""
    return tuple(map(_friend, session.members.values())) if session else ()


def _friend(member: PeerJoined) -> FriendFacts:
    return FriendFacts(
        peer_id=member.peer_id,
        name=member.name,
        role=member.role,
        mac=None if member.mac is None else str(member.mac),
    )


async def told_by_session(
    kind: SessionKind, settings: ExaminedRelaySettings
) -> ToldBySession | None:
    """Ask the running session; None if there is none. Raises `CommandFailed`."""
    directories = kind.directories(settings.runtime_dir)
    if settings.interface is None and not any(each.session_sockets() for each in directories):
        return None
    socket = find_session(kind, settings.runtime_dir, settings.interface)
    try:
        [answer, *_] = await ask(socket, {"request": "doctor"})
    except RequestRefused as refused:
        raise CommandFailed(str(refused), exit_code=refused.exit_code) from refused
    except LocalSocketError as error:
        if isinstance(error.__cause__, PermissionError):
            raise CommandFailed(
                f"The session of {socket.stem} is another user's: try sudo."
            ) from error
        return None  # Its process was killed, and only the socket's name is left.
    return ToldBySession(
        socket=socket,
        facts=SessionFacts.model_validate(answer["session"]),
        relay=_relay_of(answer, timeout=settings.connect_timeout),
    )


def _relay_of(answer: Mapping[str, Any], *, timeout: float) -> KnownRelay:  # Any: JSON
    by_pin = None if answer["pin"] is None else PinnedKey(answer["pin"])
    trust = by_pin or CertificateAuthority(answer["authorities"])
    return KnownRelay(RelayAddress.parse(answer["relay"]), trust, timeout)


def which_relay(
    settings: ExaminedRelaySettings, told: ToldBySession | None
) -> tuple[KnownRelay, ToldBySession | None]:
    """Choose the relay to look at, and the session if it is that one's.

    Raises `CommandFailed` if there is neither a session nor a relay that was named.
    """
    given = settings.given_relay()
    if given is not None and told is not None and told.relay.address != given.address:
        told = None  # Another relay than the session's is asked for.
    relay = given if told is None else told.relay
    if relay is None:
        raise CommandFailed(
            "No session runs, so which relay? Write the invite of a friend, or --relay HOST "
            "(or set LANPARTY_RELAY).",
            exit_code=ExitCode.USAGE,
        )
    return relay, told


async def reach_relay(relay: KnownRelay, path: PathFacts) -> ReachFacts | None:
    """Try a handshake at the address that answered; None if none did."""
    return None if path.address is None else await dial_relay(relay, path.address)


async def seen_by_session(told: ToldBySession | None) -> SeenByFacts | None:
    """Have the session ask who sees it; None if it can't."""
    if told is None:
        return None
    try:
        [answer, *_] = await ask(told.socket, {"request": "seen_by"})
    except (RequestRefused, LocalSocketError):
        return None  # It isn't in the room, which another check says.
    return SeenByFacts.model_validate(answer["seen_by"])


def installed_at() -> float:
    """Return when this installation was made, in seconds since 1970: its files' time."""
    return os.stat(__file__).st_mtime
