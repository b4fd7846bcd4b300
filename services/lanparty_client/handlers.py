"""What a running session answers at its local socket beside what every endpoint does."""

import asyncio
from typing import Final

from lanparty_client.doctor.answering import answer_doctor, answer_ping, answer_seen_by
from lanparty_client.membership import Membership
from lanparty_client.picture import MembershipPicture
from lanparty_endpoint.handlers import HANDLERS, Handler, responder
from lanparty_endpoint.local_server import Responder
from lanparty_endpoint.recent_lines import RecentLines

__all__ = ["respond_for"]


def respond_for(
    membership: Membership, *, owner: int, gone: asyncio.Event, log: RecentLines
) -> Responder:
    """Return what answers the requests to one session."""
    handlers: Final[dict[str, Handler]] = {
        **HANDLERS,
        "doctor": lambda _: answer_doctor(membership),
        "seen_by": lambda _: answer_seen_by(membership),
        "ping": lambda asked: answer_ping(membership, asked.request),
    }
    picture = MembershipPicture(membership)
    return responder(picture, handlers, owner=owner, gone=gone, log=log)
