"""Asks everybody in a room who sees this endpoint."""

import asyncio
import secrets
from collections.abc import Callable
from ipaddress import IPv4Address
from typing import Final

from lanparty_client_core import LastingSession, SessionState
from lanparty_endpoint.doctor import SeenByFacts, SeenFacts
from lanparty_endpoint.local_requests import RequestRefused
from lanparty_endpoint.probing import ProbeAnswer, ProbeStation, TooManyQuestionsError
from lanparty_ethernet import ProbeKind

__all__ = ["SEEN_BY_INTERVAL", "UNSPECIFIED", "find_who_sees", "joined_session"]

SEEN_BY_INTERVAL: Final = 1.25
"""Seconds between two rounds: an endpoint answers each asker twice a second, once for each half."""

UNSPECIFIED: Final = IPv4Address("0.0.0.0")  # noqa: S104  the source of who has no address

_ROUNDS: Final = 3


def joined_session(session: LastingSession | None) -> LastingSession:
    """Return the session if it is in its room; raise `RequestRefused` if not."""
    if session is None or session.state is not SessionState.JOINED:
        said = session.sentence if session else "The session is just beginning."
        raise RequestRefused(f"You are not in the room at the moment. {said}")
    return session


async def find_who_sees(
    session: LastingSession | None,
    probing: ProbeStation,
    *,
    wake: Callable[[], None],
    source: IPv4Address,
    interval: float = SEEN_BY_INTERVAL,
) -> SeenByFacts:
    """Ask everybody a few times, `interval` s apart, by broadcasts from the address `source`.

    `wake` gives the session a turn. Raises `RequestRefused`.
    """
    session = joined_session(session)
    seen: dict[int, SeenFacts] = {}

    def note(answer: ProbeAnswer) -> None:
        if answer.peer_id in session.members:
            before = seen.get(answer.peer_id) or SeenFacts(peer_id=answer.peer_id)
            seen[answer.peer_id] = _with_answer(before, answer)

    asked = 0
    for _ in range(_ROUNDS):
        nonce = secrets.randbits(64)
        try:
            now = asyncio.get_running_loop().time()
            probing.ask_who_sees(nonce=nonce, address=source, heard=note, now=now)
            wake()
            asked += 1
            await asyncio.sleep(interval)
        except TooManyQuestionsError as error:
            raise RequestRefused(str(error)) from error
        finally:
            probing.forget(nonce)
    return SeenByFacts(asked=asked, source=source, seen=tuple(seen.values()))


def _with_answer(before: SeenFacts, answer: ProbeAnswer) -> SeenFacts:
    """Keep the fastest time of each half."""
    is_frame = answer.kind is ProbeKind.SEEN_FRAME
    name = "frame_after" if is_frame else "datagram_after"
    known = before.frame_after if is_frame else before.datagram_after
    fastest = answer.after if known is None else min(known, answer.after)
    return before.model_copy(update={name: fastest, "hearing": answer.hearing})
