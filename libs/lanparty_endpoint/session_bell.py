"""The running session of an endpoint, its events in order, and the bell that rings for them."""

import asyncio
from collections import deque
from contextlib import suppress
from typing import Final

from lanparty_client_core import LastingSession, SessionEvent, SessionState
from lanparty_client_core.join import RunningSession

__all__ = ["LOOKING", "SessionBell", "take_back_cancellation"]

LOOKING: Final = frozenset({SessionState.CONNECTING, SessionState.RECONNECTING})
"""Nothing rings when a try fails, so that is looked for while there are tries."""

_LOOK_INTERVAL: Final = 1.0
"""Seconds."""


class SessionBell:
    """Rings when there is something new, and holds the running session and its events."""

    def __init__(self) -> None:
        self._bell: Final = asyncio.Event()
        self.events: Final[deque[SessionEvent]] = deque()
        self._running: RunningSession | None = None

    @property
    def running(self) -> RunningSession | None:
        """The session and its driver; None before it is dialed."""
        return self._running

    @property
    def session(self) -> LastingSession | None:
        """The session; None before it is dialed."""
        return None if self._running is None else self._running.session

    def hold(self, running: RunningSession) -> None:
        """Take the session; ring when nothing drives it any more."""
        self._running = running
        running.on_stopped(self.ring)

    def wake_session(self) -> None:
        """Let the session take a turn: a station has something to send."""
        if self._running is not None:
            self._running.wake()

    def observe(self, event: SessionEvent) -> None:
        """Take an event of the session: its observer."""
        self.events.append(event)
        self.ring()

    def ring(self) -> None:
        """Say that there is something new."""
        self._bell.set()

    def silence(self) -> None:
        """Begin to look at everything that is new."""
        self._bell.clear()

    async def rung(self, *, due: float | None, looking: bool) -> None:
        """Wait until there is something new, or until `due` on the loop's clock.

        With `looking` no longer than a second.
        """
        now = asyncio.get_running_loop().time()
        dues = [due, now + _LOOK_INTERVAL if looking else None]
        with suppress(TimeoutError):
            async with asyncio.timeout_at(
                min((each for each in dues if each is not None), default=None)
            ):
                await self._bell.wait()

    def require_health(self) -> None:
        """Raise the fault of ours that stopped the session, if there is one."""
        if self._running is not None and self._running.failure is not None:
            raise self._running.failure


def take_back_cancellation() -> None:
    """Go on although the task was cancelled: a goodbye is part of going."""
    task = asyncio.current_task()
    assert task is not None
    task.uncancel()
