"""The sessions that the service holds for users, and what they may ask of it.

What one user may ask is bounded. Who asks is known from the kernel; a session belongs to the user
who asked for it, and `handlers` keeps others from ending it.
"""

import asyncio
from collections.abc import Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Final

from pydantic import ValidationError

from lanparty_client.hosting import host_membership
from lanparty_client.membership import Membership
from lanparty_client.picture import MembershipPicture
from lanparty_client.wish import DEFAULT_INTERFACE, JoinWish
from lanparty_command import CommandFailed, ExitCode
from lanparty_endpoint.directories import RuntimeDirectory
from lanparty_endpoint.handlers import figures
from lanparty_endpoint.happenings import Happening
from lanparty_endpoint.local_requests import Asker, RequestRefused
from lanparty_endpoint.local_server import Answers
from lanparty_endpoint.outbox import Outbox
from lanparty_endpoint.recent_lines import RecentLines
from lanparty_obs.logging import get_logger

__all__ = ["SESSIONS_LIMIT", "SESSIONS_PER_USER", "Service"]

SESSIONS_PER_USER: Final = 4
"""A player is in one room, seldom in two; each session is an interface and a connection."""

SESSIONS_LIMIT: Final = 16
"""Of all users together."""

_OWN_NAMES: Final = "lan"
"""How the names of the service's interfaces begin."""

_FIGURES_INTERVAL: Final = 1.0
"""Seconds."""

_log: Final = get_logger(__name__)


class Service:
    """Answers at the control socket. `aclose` ends every session."""

    def __init__(self, *, state: Path, runtime: RuntimeDirectory) -> None:
        """Each user's places are kept apart below `state`."""
        self._state = state
        self._runtime = runtime
        self._sessions: set[_HeldSession] = set()

    async def aclose(self) -> None:
        """Leave every room, and wait until that is done."""
        await asyncio.gather(*(session.end() for session in tuple(self._sessions)))

    async def respond(self, asker: Asker, request: Mapping[str, Any]) -> Answers:
        """Answer one request: join a room, and tell what happens there until it is over.

        When the asker closes its side, the room is left and the rest is told; when it is gone, the
        room is left. A detached session goes on without it. Any: JSON that nobody has judged yet.
        """
        if request["request"] != "join":
            raise RequestRefused("The service answers join only.", exit_code=ExitCode.USAGE)
        wish = _wish_of(request)
        _require_own_name(wish)
        self._require_place(asker)
        session = _HeldSession(asker.uid, wants_figures=request.get("figures") is True)
        self._sessions.add(session)
        session.begin(wish, state=self._state, runtime=self._runtime)
        session.task.add_done_callback(lambda _: self._sessions.discard(session))
        _log.info("a user joins", user=asker.uid, interface=wish.interface)
        released = False
        try:
            while True:
                try:
                    answer = await session.next_answer()
                except asyncio.CancelledError:
                    session.task.cancel()
                    continue
                if answer is None:
                    break
                yield answer
                if wish.detach and session.is_settled:
                    released = True
                    return
            session.raise_failure()
        finally:
            if not released:
                await session.end()

    def _require_place(self, asker: Asker) -> None:
        own = sum(session.owner == asker.uid for session in self._sessions)
        if own >= SESSIONS_PER_USER:
            raise RequestRefused(
                f"You are in {SESSIONS_PER_USER} rooms already. Leave one: lanparty-client leave."
            )
        if len(self._sessions) >= SESSIONS_LIMIT:
            raise RequestRefused(f"The service is in {SESSIONS_LIMIT} rooms already, its most.")


class _HeldSession:
    """A membership in a task of its own, and what it has told."""

    task: asyncio.Task[int]

    def __init__(self, owner: int, *, wants_figures: bool) -> None:
        self.owner = owner
        self._wants_figures = wants_figures
        self._outbox = Outbox()
        self._membership: Membership | None = None
        self._arrived = False

    @property
    def is_settled(self) -> bool:
        """It is in the room, and all that belongs to its arrival was taken."""
        return self._arrived and len(self._outbox) == 0

    def begin(self, wish: JoinWish, *, state: Path, runtime: RuntimeDirectory) -> None:
        """Join in a task of its own."""
        self.task = asyncio.create_task(
            host_membership(
                wish,
                state=state / str(self.owner),
                runtime=runtime,
                owner=self.owner,
                log=RecentLines(),
                tell=self._tell,
                opened=self._note,
            )
        )
        self.task.add_done_callback(self._outbox.close)

    async def next_answer(self) -> Mapping[str, object] | None:
        """Wait for what it tells next, or for its next figures; None when it is over."""
        while True:
            limit = _FIGURES_INTERVAL if self._wants_figures else None
            try:
                return await self._outbox.next(limit=limit)
            except TimeoutError:
                if self._membership is not None:
                    return figures(MembershipPicture(self._membership))

    def raise_failure(self) -> None:
        """Raise what ended it, if that was no ordinary end."""
        try:
            self.task.result()
        except CommandFailed as failure:
            raise RequestRefused(str(failure), exit_code=failure.exit_code) from failure
        except asyncio.CancelledError:
            raise RequestRefused("The session was stopped while it was leaving.") from None

    async def end(self) -> None:
        """Leave the room, and wait until that is done."""
        self.task.cancel()
        await asyncio.wait({self.task})

    def _note(self, membership: Membership) -> None:
        self._membership = membership

    def _tell(self, happening: Happening) -> None:
        self._arrived = self._arrived or happening.event == "joined"
        self._outbox.put(happening.to_dict(time=datetime.now(UTC)))


def _require_own_name(wish: JoinWish) -> None:
    """Refuse names that others may trust: a firewall lets an interface pass by its name."""
    if not wish.interface.startswith(_OWN_NAMES):
        raise RequestRefused(
            f"Through the service an interface's name begins with {_OWN_NAMES!r}, as in "
            f"--interface {DEFAULT_INTERFACE}."
        )


def _wish_of(request: Mapping[str, Any]) -> JoinWish:  # Any: see `Service.respond`
    try:
        return JoinWish.model_validate(request.get("wish"))
    except ValidationError as error:
        first = error.errors(include_input=False, include_url=False)[0]
        where = ".".join(map(str, first["loc"])) or "the wish"
        raise RequestRefused(f"{where}: {first['msg']}", exit_code=ExitCode.USAGE) from None
