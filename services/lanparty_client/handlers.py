"""What a running session answers at its local socket: a handler for each request.

A handler is an asynchronous generator of answers; it raises `RequestRefused`. It is cancelled when
the asker goes. A new request is one more entry of `HANDLERS`.
"""

import asyncio
import time
from collections.abc import Callable, Mapping
from contextlib import aclosing
from dataclasses import dataclass
from typing import Any, Final, TypeAlias

from lanparty_client.doctor.answering import answer_doctor, answer_ping, answer_seen_by
from lanparty_client.membership import Membership
from lanparty_client.picture import diagnostics_of, invite_of, status_of
from lanparty_client.story import report_of
from lanparty_endpoint.local_requests import Asker, RequestRefused
from lanparty_endpoint.local_server import Answers
from lanparty_endpoint.recent_lines import RecentLines

__all__ = ["HANDLERS", "Asked", "Handler", "respond_for"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Asked:
    """A request to a session, and what it takes to answer it."""

    membership: Membership
    request: Mapping[str, Any]  # Any: JSON that nobody has judged yet
    asker: Asker
    owner: int
    """The user id that the session belongs to."""
    gone: asyncio.Event
    """Set when the session is over and its interface is gone."""
    log: RecentLines
    """What happened to this session lately, and nothing of another one."""

    @property
    def by_owner(self) -> bool:
        """The asker may change the session, and see its room's code."""
        return self.asker.may_act_for(self.owner)

    def require_owner(self) -> None:
        """Raise `RequestRefused` if the session is somebody else's."""
        if not self.by_owner:
            raise RequestRefused(
                f"The session of {self.membership.wish.interface} is another user's. "
                "Ask them, or use sudo."
            )


Handler: TypeAlias = Callable[[Asked], Answers]


async def _status(asked: Asked) -> Answers:
    status = status_of(asked.membership).to_dict()
    invite = invite_of(asked.membership)
    if not asked.by_owner:
        status["room_code"] = invite = None
    yield {"event": "status", **status, "invite": invite}


async def _figures(asked: Asked) -> Answers:
    """Answer what a live view shows, at once and then every second."""
    while True:
        yield figures(asked.membership, with_code=asked.by_owner)
        await asyncio.sleep(1.0)


async def _diagnostics(asked: Asked) -> Answers:
    yield {"event": "diagnostics", **diagnostics_of(asked.membership).to_dict()}


async def _report(asked: Asked) -> Answers:
    asked.require_owner()
    yield {"event": "report", **report_of(asked.membership, asked.log)}


async def _leave(asked: Asked) -> Answers:
    asked.require_owner()
    asked.membership.leave()
    await asked.gone.wait()
    yield {
        "event": "left",
        "message": f"Left the room; {asked.membership.wish.interface} is gone.",
        "interface": asked.membership.wish.interface,
    }


def figures(membership: Membership, *, with_code: bool = True) -> dict[str, object]:
    """Return status and diagnostics in one, as a live view takes them."""
    diagnostics = diagnostics_of(membership)
    counted = None if membership.session is None else membership.session.counters()
    status = diagnostics.status.to_dict()
    if not with_code:
        status["room_code"] = None
    return {
        "event": "figures",
        "at": time.monotonic(),
        **diagnostics.to_dict(),
        "status": status,
        "bytes_out": 0 if counted is None else counted.bytes_read,
        "bytes_in": 0 if counted is None else counted.bytes_written,
    }


HANDLERS: Final[Mapping[str, Handler]] = {
    "status": _status,
    "figures": _figures,
    "diagnostics": _diagnostics,
    "report": _report,
    "leave": _leave,
    "doctor": lambda asked: answer_doctor(asked.membership),
    "seen_by": lambda asked: answer_seen_by(asked.membership),
    "ping": lambda asked: answer_ping(asked.membership, asked.request),
}


def respond_for(
    membership: Membership, *, owner: int, gone: asyncio.Event, log: RecentLines
) -> Callable[[Asker, Mapping[str, Any]], Answers]:
    """Return what answers the requests to one session."""

    async def respond(asker: Asker, request: Mapping[str, Any]) -> Answers:
        handler = HANDLERS.get(request["request"])
        if handler is None:
            known = ", ".join(HANDLERS)
            raise RequestRefused(f"This softlan answers {known} only.", exit_code=2)
        asked = Asked(
            membership=membership,
            request=request,
            asker=asker,
            owner=owner,
            gone=gone,
            log=log,
        )
        async with aclosing(handler(asked)) as answers:
            async for answer in answers:
                yield answer

    return respond
