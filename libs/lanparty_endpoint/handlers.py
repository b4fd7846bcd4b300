"""What a running session answers at its local socket: a handler for each request.

A handler is an asynchronous generator of answers; it raises `RequestRefused`. It is cancelled when
the asker goes.
"""

import asyncio
import time
from collections.abc import Callable, Mapping
from contextlib import aclosing
from dataclasses import dataclass
from typing import Any, Final, Protocol, TypeAlias

from lanparty_client_core import LastingSession
from lanparty_endpoint.local_requests import Asker, RequestRefused
from lanparty_endpoint.local_server import Answers, Responder
from lanparty_endpoint.recent_lines import RecentLines
from lanparty_obs.diagnostics import ClientDiagnostics, ClientStatus

__all__ = ["HANDLERS", "Answering", "Asked", "Handler", "figures", "responder"]


class Answering(Protocol):
    """A running session, as far as it tells of itself."""

    @property
    def interface(self) -> str:
        """The network interface's name: what the session is called by."""
        ...

    @property
    def session(self) -> LastingSession | None:
        """The session with the relay; None before it is dialed."""
        ...

    def status(self) -> ClientStatus:
        """Look where it stands."""
        ...

    def diagnostics(self) -> ClientDiagnostics:
        """Look at what lies under its status, too."""
        ...

    def invite(self) -> str | None:
        """Write the invite to its room; None before there is one."""
        ...

    def report(self, log: RecentLines) -> dict[str, Any]:  # Any: JSON
        """Put together its part of a bug report, cleaned of every secret and name."""
        ...

    def leave(self) -> None:
        """Begin to leave the room."""
        ...

    @property
    def left_sentence(self) -> str:
        """What is said when it has left and all is taken away."""
        ...


@dataclass(frozen=True, slots=True, kw_only=True)
class Asked:
    """A request to a session, and what it takes to answer it."""

    session: Answering
    request: Mapping[str, Any]  # Any: JSON that nobody has judged yet
    asker: Asker
    owner: int
    """The user id that the session belongs to."""
    gone: asyncio.Event
    """Set when the session is over and everything of it is taken away."""
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
                f"The session of {self.session.interface} is another user's. Ask them, or use sudo."
            )


Handler: TypeAlias = Callable[[Asked], Answers]


async def _status(asked: Asked) -> Answers:
    status = asked.session.status().to_dict()
    invite = asked.session.invite()
    if not asked.by_owner:
        status["room_code"] = invite = None
    yield {"event": "status", **status, "invite": invite}


async def _figures(asked: Asked) -> Answers:
    """Answer what a live view shows, at once and then every second."""
    while True:
        yield figures(asked.session, with_code=asked.by_owner)
        await asyncio.sleep(1.0)


async def _diagnostics(asked: Asked) -> Answers:
    yield {"event": "diagnostics", **asked.session.diagnostics().to_dict()}


async def _report(asked: Asked) -> Answers:
    asked.require_owner()
    yield {"event": "report", **asked.session.report(asked.log)}


async def _leave(asked: Asked) -> Answers:
    asked.require_owner()
    asked.session.leave()
    await asked.gone.wait()
    yield {
        "event": "left",
        "message": asked.session.left_sentence,
        "interface": asked.session.interface,
    }


def figures(session: Answering, *, with_code: bool = True) -> dict[str, object]:
    """Return status and diagnostics in one, as a live view takes them."""
    diagnostics = session.diagnostics()
    counted = None if session.session is None else session.session.counters()
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
}
"""What every endpoint answers."""


def responder(
    session: Answering,
    handlers: Mapping[str, Handler],
    *,
    owner: int,
    gone: asyncio.Event,
    log: RecentLines,
) -> Responder:
    """Return what answers the requests to one session, by their handlers."""

    async def respond(asker: Asker, request: Mapping[str, Any]) -> Answers:
        handler = handlers.get(request["request"])
        if handler is None:
            known = ", ".join(handlers)
            raise RequestRefused(f"This softlan answers {known} only.", exit_code=2)
        asked = Asked(
            session=session, request=request, asker=asker, owner=owner, gone=gone, log=log
        )
        async with aclosing(handler(asked)) as answers:
            async for answer in answers:
                yield answer

    return respond
