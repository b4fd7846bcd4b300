"""`lanparty-sim join`: one player that stays in its room and tells what happens there."""

import asyncio
import secrets

from lanparty_client_core import (
    Persistence,
    SessionEnded,
    SessionEvent,
    SessionState,
    StateChanged,
    Welcomed,
)
from lanparty_command import CommandFailed, ExitCode
from lanparty_ctrl import Welcome
from lanparty_endpoint.endings import exit_code
from lanparty_endpoint.place import Place, new_mac
from lanparty_endpoint.resume import ResumeStoreError
from lanparty_endpoint.signals import cancelled_by_signals
from lanparty_obs.codes import SessionEnd
from lanparty_sim.player import JoinFailedError, Player
from lanparty_sim.settings import JoinSettings
from lanparty_sim.stay_teller import StayTeller
from lanparty_sim.virtual_host import VirtualHost, default_address

__all__ = ["join"]

_PLACES = "players"
"""Of the state directory; no name that a relay uses in its own."""


def join(settings: JoinSettings) -> int:
    """Join, stay, leave on Ctrl-C; return the exit code."""
    try:
        return asyncio.run(_Stay(settings).run())
    except asyncio.CancelledError:
        return ExitCode.INTERRUPTED  # Told a second time to go, while it was saying goodbye.


class _Stay:
    """One player's time in one room."""

    def __init__(self, settings: JoinSettings) -> None:
        self._settings = settings
        self._tell = StayTeller(settings)
        self._place = _place_of(settings)
        self._player: Player | None = None
        self._trouble: ResumeStoreError | None = None

    async def run(self) -> int:
        try:
            with cancelled_by_signals():
                return await self._stay()
        except ResumeStoreError as error:
            raise CommandFailed(str(error)) from error
        finally:
            if self._place is not None:
                self._place.close()

    async def _stay(self) -> int:
        settings = self._settings
        relay = settings.known_relay()
        player = self._player = self._make_player()
        once = settings.no_reconnect
        try:
            self._tell.connecting()
            await player.join(
                relay,
                room_code=settings.room_code,
                create=settings.create or settings.room is None,
                resume_token=None if self._place is None else self._place.token(),
                persistence=Persistence.ONE_TRY if once else Persistence.AFTER_WELCOME,
            )
            self._tell.joined(player)
            ended = await player.until_over()
            self._raise_trouble()
        except JoinFailedError as failure:
            self._raise_trouble()
            ended = failure.ended
            self._tell.not_joined(ended, str(failure))
        except asyncio.CancelledError:
            # Asked to go, by Ctrl-C or a supervisor: a goodbye is part of going.
            await player.leave()
            ended = SessionEnded(code=SessionEnd.LEFT)
            self._tell.left()
        finally:
            await player.leave()
        if ended is None:
            return ExitCode.OK
        if self._place is not None and (ended.final or ended.code is SessionEnd.LEFT):
            self._place.forget()
        return exit_code(ended, was_joined=self._tell.was_joined)

    def _make_player(self) -> Player:
        settings, place = self._settings, self._place
        if place is not None and settings.room_code is not None:
            place.claim(settings.room_code)
        draw = new_mac if place is None else place.mac
        mac = settings.mac or draw(secrets.token_bytes)
        return Player(
            VirtualHost(mac=mac, address=settings.address or default_address(mac)),
            name=settings.name,
            role=settings.role,
            observer=self._observe,
            takes_lease=settings.address is None,
        )

    def _observe(self, event: SessionEvent) -> None:
        if isinstance(event, Welcomed):
            self._remember(event.welcome)
        self._tell.observe(event)
        if event == StateChanged(SessionState.JOINED) and self._player is not None:
            self._tell.back(self._player)

    def _raise_trouble(self) -> None:
        if self._trouble is not None:
            raise self._trouble

    def _remember(self, welcome: Welcome) -> None:
        """Save what it takes to come back; what prevents it ends the player, who is told so."""
        assert self._player is not None, "it observes"
        try:
            if self._place is not None:
                self._place.remember(welcome, self._player.mac)
        except ResumeStoreError as error:
            self._trouble = error
            self._player.session.leave()


def _place_of(settings: JoinSettings) -> Place | None:
    if settings.state_dir is None:
        return None
    return Place(settings.state_dir / _PLACES, settings.relay, player=settings.name)
