"""`lanparty-sim join`: one player that stays in its room and tells what happens there."""

import asyncio
import json
import secrets
from collections.abc import Mapping
from contextlib import suppress
from datetime import UTC, datetime
from typing import Final

from lanparty_client_core import (
    MemberJoined,
    MemberLeft,
    SessionEnded,
    SessionEvent,
    SessionState,
    StateChanged,
)
from lanparty_client_core.resume import ResumeRecord, ResumeSlot, ResumeStore, ResumeStoreError
from lanparty_command import CommandFailed, ExitCode
from lanparty_ctrl import PeerJoined, RoomCode, has_valid_check
from lanparty_obs.codes import SessionEnd
from lanparty_proto import MacAddress
from lanparty_sim.console import plain_console
from lanparty_sim.exit_codes import exit_code_of
from lanparty_sim.player import JoinFailedError, Player
from lanparty_sim.settings import JoinSettings
from lanparty_sim.signals import cancelled_by_signals
from lanparty_sim.telling import told
from lanparty_sim.virtual_host import VirtualHost, default_address

__all__ = ["join"]

_MADE_CODE_LENGTH: Final = 11
_PLACES: Final = "players"
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
        self._tell = _Teller(settings)
        self._slot: ResumeSlot | None = None

    async def run(self) -> int:
        try:
            with cancelled_by_signals():
                return await self._stay()
        except ResumeStoreError as error:
            raise CommandFailed(str(error)) from error
        finally:
            if self._slot is not None:
                self._slot.close()

    async def _stay(self) -> int:
        settings = self._settings
        relay = settings.known_relay()
        self._claim(settings.room_code)
        record = self._slot.load() if self._slot is not None else None
        mac = settings.mac or _mac_of(record) or MacAddress(b"\x02\x5c" + secrets.token_bytes(4))
        host = VirtualHost(mac=mac, address=settings.address or default_address(mac))
        player = Player(host, name=settings.name, role=settings.role, observer=self._tell.observe)
        try:
            self._tell.connecting()
            await player.join(
                relay,
                room_code=settings.room_code,
                create=settings.create or settings.room is None,
                resume_token=record.token if record is not None else None,
            )
            self._remember(player)
            self._tell.joined(player)
            ended = await player.until_over()
        except JoinFailedError as failure:
            ended = failure.ended
            self._tell.not_joined(ended, str(failure))
        except asyncio.CancelledError:
            # Asked to go, by Ctrl-C or a supervisor: a goodbye is part of going.
            await player.leave()
            ended = SessionEnded(code=SessionEnd.LEFT)
            self._tell.left()
        finally:
            await player.leave()
        self._forget(ended)
        if ended is None:
            return ExitCode.OK
        if ended.code is SessionEnd.LEFT and not self._tell.was_joined:
            return ExitCode.INTERRUPTED
        return exit_code_of(ended, joined=self._tell.was_joined)

    def _claim(self, room: RoomCode | None) -> None:
        if self._settings.state_dir is not None and room is not None and self._slot is None:
            store = ResumeStore(self._settings.state_dir / _PLACES)
            self._slot = store.claim(str(self._settings.relay), room, place=self._settings.name)

    def _remember(self, player: Player) -> None:
        self._claim(player.welcome.room_code)
        if self._slot is not None:
            mac = None if player.mac is None else str(player.mac)
            self._slot.save(ResumeRecord(token=player.welcome.resume_token, mac=mac))

    def _forget(self, ended: SessionEnded | None) -> None:
        """Give up a place that was left, or lost for good."""
        if self._slot is not None and ended and (ended.final or ended.code is SessionEnd.LEFT):
            self._slot.clear()


class _Teller:
    """Prints what happens: lines for a person, JSON objects for a program.

    What explains an exit code other than 0 to a person goes to stderr.
    """

    def __init__(self, settings: JoinSettings) -> None:
        self._settings = settings
        self._console = plain_console()
        self._complaints = plain_console(stderr=True)
        self._early: list[SessionEvent] = []
        self.was_joined = False

    def connecting(self) -> None:
        """Say where it goes."""
        self._line(f"Joining through {self._settings.relay} ...", event="connecting")

    def joined(self, player: Player) -> None:
        """Say where it is."""
        self.was_joined = True
        welcome = player.welcome
        back = "Back in" if welcome.resumed else "In"
        room = self._settings.room
        code = room.spelled(welcome.room_code) if room else welcome.room_code.spoken()
        if self._settings.quiet and room is None and not self._settings.json_:
            self._console.print(code, soft_wrap=True)
        self._line(
            f"{back} room {code} (id {welcome.room_id}, MTU {welcome.mtu}) "
            f"as peer {welcome.peer_id}, {player.host.mac} {player.host.address}. "
            "Ctrl-C leaves.",
            event="joined",
            room_code=welcome.room_code,
            room_id=welcome.room_id,
            peer_id=welcome.peer_id,
            mtu=welcome.mtu,
            mac=str(player.host.mac),
            address=str(player.host.address),
            resumed=welcome.resumed,
        )
        for event in self._early:
            self.observe(event)

    def not_joined(self, ended: SessionEnded, sentence: str) -> None:
        """Say why it is not in the room, and what may help."""
        self._goodbye(ended, sentence)
        room = self._settings.room_code
        mistyped = room is not None and len(room) == _MADE_CODE_LENGTH and not has_valid_check(room)
        if ended.code is SessionEnd.ROOM_UNKNOWN and mistyped:
            self._line(
                "The code's last symbol doesn't fit the others: one of them is probably mistyped.",
                event="hint",
                complaint=True,
            )

    def left(self) -> None:
        """Say goodbye."""
        self._line("Left the room." if self.was_joined else "Gave up.", event="left")

    def observe(self, event: SessionEvent) -> None:
        """Tell of somebody else, or of the end."""
        match event:
            case MemberJoined() | MemberLeft() if not self.was_joined:
                self._early.append(event)  # Who is there is told after where that is.
            case MemberJoined(member=member):
                self._line(told(event), event="member_joined", member=_named(member))
            case MemberLeft(member=member, reason=reason):
                gone = _named(member)
                self._line(told(event), event="member_left", reason=reason.value, member=gone)
            case StateChanged(state=SessionState.DISCONNECTED, ended=SessionEnded() as ended):
                if self.was_joined:
                    self._goodbye(ended, ended.sentence)
            case StateChanged(state=state):
                if self._settings.verbose:
                    self._line(f"  {told(event)}", event="state", state=state.value)

    def _goodbye(self, ended: SessionEnded, sentence: str) -> None:
        self._line(
            sentence,
            event="ended",
            complaint=exit_code_of(ended, joined=self.was_joined) != ExitCode.OK,
            important=True,
            code=ended.code.value,
            detail=ended.text,
            final=ended.final,
            retry_after=ended.retry_after,
        )
        if self._settings.verbose and ended.text not in ("", sentence):
            self._line(f"  in detail: {ended.text}", event="detail")

    def _line(
        self,
        text: str,
        *,
        event: str,
        important: bool = False,
        complaint: bool = False,
        **fields: object,
    ) -> None:
        if self._settings.json_:
            now = datetime.now(UTC).isoformat(timespec="milliseconds")
            print(json.dumps({"time": now, "event": event, "message": text} | fields), flush=True)
        elif complaint:
            self._complaints.print(text, soft_wrap=True)
        elif important or not self._settings.quiet:
            self._console.print(text, soft_wrap=True)


def _named(member: PeerJoined) -> Mapping[str, object]:
    return {
        "peer_id": member.peer_id,
        "name": member.name,
        "role": member.role.value,
        "mac": None if member.mac is None else str(member.mac),
    }


def _mac_of(record: ResumeRecord | None) -> MacAddress | None:
    if record is None or record.mac is None:
        return None
    with suppress(ValueError):
        return MacAddress.parse(record.mac)
    return None
