"""The stage of the scenario: who plays, at which relay, and the means to act and look."""

import random
import secrets
from collections.abc import AsyncIterator, Awaitable, Callable, Iterable, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from ipaddress import IPv4Address
from itertools import permutations
from typing import Final

from lanparty_client_core import Observer, SessionEnded, SessionEvent
from lanparty_client_core.join import KnownRelay
from lanparty_ctrl import Role, RoomCode
from lanparty_obs.codes import SessionEnd
from lanparty_proto import ETHERNET_HEADER_LENGTH, TAGGED_HEADER_LENGTH, MacAddress
from lanparty_sim.admin_api import AdminApi
from lanparty_sim.player import JoinFailedError, Player, wait_until
from lanparty_sim.steps import StepFailedError, StepSkippedError
from lanparty_sim.virtual_host import VirtualHost

__all__ = ["ANSWER_LIMIT", "Bystanders", "Stage", "require"]

ANSWER_LIMIT: Final = 5.0
"""Seconds within which what should happen must have happened."""

_RESEND_AFTER: Final = 1.0
"""Seconds. Ethernet promises no delivery: a busy machine may lose a frame, not three in a row."""

_TRIES: Final = 4
_WINDOW: Final = 32
"""Frames in flight: less than any queue on the way holds."""


def require(holds: bool, otherwise: str) -> None:
    """Raise `StepFailedError` saying `otherwise` unless the check holds."""
    if not holds:
        raise StepFailedError(otherwise)


@dataclass(frozen=True, slots=True)
class Bystanders:
    """Players of other processes, who are expected in a room of their own."""

    count: int
    room_code: RoomCode
    patience: float = 25.0
    """Seconds that they have to be there: one may be joining again after the relay's restart."""


@dataclass(slots=True, kw_only=True)
class Stage:
    """One run's relay, API and players. Leave it by `close`."""

    relay: KnownRelay
    room_wanted: RoomCode | None = None
    """The code that the scenario's room shall have; None lets the relay make one."""
    api: AdminApi | None = None
    bystanders: Bystanders | None = None
    lan_room: RoomCode | None = None
    """The code of a room with a gateway whose LAN has a host of ours."""
    lan_patience: float = 25.0
    """Seconds that the gateway has to be there: it may be joining again after a restart."""
    watch: Callable[[str, SessionEvent], None] | None = None
    """Called with the name of a player and what happened to its session."""
    left_outside: SessionEnded | None = None
    """Why a player couldn't join."""
    players: dict[str, Player] = field(default_factory=dict)
    mac_prefix: bytes = field(default_factory=lambda: b"\x02\x5a" + secrets.token_bytes(3))
    """Two runs at one relay must not collide."""
    _hosts: int = 0

    def __getitem__(self, name: str) -> Player:
        return self.players[name]

    def new_host(self) -> VirtualHost:
        """Make a host with a MAC and an address that no other on this stage has."""
        self._hosts += 1
        number = self._hosts
        # Outside 10.86.0.0/16, where the hosts of other processes have their default addresses.
        return VirtualHost(mac=self.mac(number), address=IPv4Address(f"10.87.77.{number}"))

    def mac(self, number: int) -> MacAddress:
        """Return the MAC with this number; 200 and more belong to nobody."""
        return MacAddress(self.mac_prefix + bytes([number]))

    def require_api(self) -> AdminApi:
        """Return the API, or skip the step."""
        if self.api is None:
            raise StepSkippedError("needs --admin and its token")
        return self.api

    @property
    def room_code(self) -> RoomCode:
        """The first room's code."""
        return self["alice"].welcome.room_code

    @property
    def room_id(self) -> str:
        """The first room's public id."""
        return self["alice"].welcome.room_id

    @property
    def inside(self) -> list[Player]:
        """Those in the first room now."""
        return [
            player
            for player in self.players.values()
            if player.is_joined and player.welcome.room_id == self.room_id
        ]

    async def join(
        self,
        name: str,
        *,
        role: Role = Role.CLIENT,
        room_code: RoomCode | None,
        create: bool = False,
        host: VirtualHost | None = None,
        resume_token: str | None = None,
        observer: Observer | None = None,
        takes_lease: bool = False,
    ) -> Player:
        """Bring a player into a room, and onto the stage under its name."""
        watch = self.watch
        if observer is None and watch is not None:

            def observer(event: SessionEvent) -> None:
                watch(name, event)

        player = Player(
            host or self.new_host(),
            name=name,
            role=role,
            observer=observer,
            takes_lease=takes_lease,
        )
        try:
            await player.join(
                self.relay, room_code=room_code, create=create, resume_token=resume_token
            )
        except JoinFailedError as failure:
            self.left_outside = failure.ended
            raise StepFailedError(f"{name}: {failure}") from failure
        self.players[name] = player
        return player

    async def require_refusal(
        self,
        expected: SessionEnd,
        *,
        room_code: RoomCode,
        role: Role = Role.CLIENT,
        host: VirtualHost | None = None,
        relay: KnownRelay | None = None,
    ) -> SessionEnded:
        """Try to join and be refused with this code."""
        intruder = Player(host or self.new_host(), name="intruder", role=role)
        try:
            await intruder.join(relay or self.relay, room_code=room_code)
        except JoinFailedError as failure:
            code = failure.ended.code
            require(code is expected, f"refused with {code}, expected {expected}")
            return failure.ended
        await intruder.leave()
        raise StepFailedError(f"admitted, expected {expected}")

    async def leave(self, name: str) -> Player:
        """Let a player say goodbye."""
        player = self.players.pop(name)
        await player.leave()
        return player

    async def close(self) -> None:
        """Let everybody leave."""
        while self.players:
            await self.leave(next(iter(self.players)))

    # What the steps wait for.

    async def until(self, condition: Callable[[], bool], otherwise: str) -> None:
        """Wait until it holds after something arrived for any player; else the step fails."""
        watched = list(self.players.values())
        require(await wait_until(condition, watched, limit=ANSWER_LIMIT), otherwise)

    async def between_all_pairs(
        self, act: Callable[[Player, Player], Awaitable[bool]], what: str
    ) -> int:
        """Do something from each player inside to each other; return how many pairs there are."""
        pairs = list(permutations(self.inside, 2))
        for one, other in pairs:
            require(await act(one, other), f"{what} failed from {one.name} to {other.name}")
        return len(pairs)

    @asynccontextmanager
    async def recorded(self) -> AsyncIterator[None]:
        """Record from here, and end when everything sent inside has had its time to arrive.

        What was sent is followed by a mark on every way; a frame keeps its place on its way, so
        once the marks are there, nothing is still to come.
        """
        for player in self.inside:
            player.host.clear_record()
        yield
        await self.between_all_pairs(self._pass_mark, "a mark")

    async def _pass_mark(self, one: Player, other: Player) -> bool:
        mark = one.host.frame(other.host.mac, b"mark" + secrets.token_bytes(8))
        return await self.deliver(one, other, [mark]) is not None

    def heard_by(self, frame: bytes) -> dict[str, int]:
        """Tell who recorded a frame, and how often."""
        counts = {player.name: player.host.count(frame) for player in self.players.values()}
        return {name: count for name, count in counts.items() if count}

    async def deliver(self, one: Player, other: Player, frames: Sequence[bytes]) -> int | None:
        """Send frames until all have arrived; return how many were sent again, None if lost."""
        again = 0
        missing: Iterable[bytes] = frames
        for attempt in range(_TRIES):
            missing = [frame for frame in missing if not other.host.count(frame)]
            if not missing:
                return again
            again += len(missing) if attempt else 0
            for frame in missing:
                one.send(frame)
            await wait_until(
                lambda: all(other.host.count(frame) for frame in frames),
                [other],
                limit=_RESEND_AFTER,
            )
        return again if all(other.host.count(frame) for frame in frames) else None

    async def sweep(self, one: Player, other: Player, *, lengths: range, tag: int | None) -> str:
        """Send a frame of every length, each with its own random bytes; all arrive as they were."""
        noise = random.Random(lengths.start)  # noqa: S311  payload, no secret
        header = ETHERNET_HEADER_LENGTH if tag is None else TAGGED_HEADER_LENGTH
        frames = [
            one.host.frame(other.host.mac, noise.randbytes(length - header), tag=tag)
            for length in lengths
        ]
        expected = set(frames)
        again = 0
        for start in range(0, len(frames), _WINDOW):
            window = frames[start : start + _WINDOW]
            other.host.clear_record()
            resent = await self.deliver(one, other, window)
            if resent is None:
                lost = [len(frame) for frame in window if not other.host.count(frame)]
                raise StepFailedError(f"lengths {lost} didn't arrive")
            again += resent
            arrived = other.host.recorded()
            require(expected.issuperset(arrived), "a frame changed on its way")
            require(again > 0 or len(arrived) == len(window), "a frame arrived twice")
        return f"{len(frames)} lengths" + (f", {again} sent again" if again else "")
