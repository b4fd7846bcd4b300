"""Rooms full of guests who keep coming and going in every way there is, and what came of it.

So many changes are under way at once as there are *hands*: the next begins when one is done, so a
machine is asked for as much as it can do.
"""

import asyncio
import random
from collections import Counter
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Final, TypeVar

from churn_houses import Guest, House, Joined, JoinRefusedError

from lanparty_client_core import RelayTarget
from lanparty_ctrl import RoomCode
from lanparty_proto import MacAddress

__all__ = ["Change", "Churn", "ChurnParty"]

WorkT = TypeVar("WorkT")

_LOOK_AROUND: Final = 0.001
"""Seconds until another guest is looked for if something changes in the house of this one."""


class Change(StrEnum):
    """What can happen to a guest, or to a house."""

    COME = "came"
    LEAVE = "left"
    MOVE = "moved to another connection"
    CRASH_AND_RESUME = "crashed and resumed"
    CRASH_AND_RETURN = "crashed and came as a stranger"
    CRASH_AND_WAIT = "crashed and stayed away until it was given up"


_WEIGHTS: Final = {
    Change.LEAVE: 60,
    Change.MOVE: 25,
    Change.CRASH_AND_RESUME: 2,
    Change.CRASH_AND_RETURN: 1,
    Change.CRASH_AND_WAIT: 0.3,
}
"""Of what happens to a guest who is there; who is away comes. A crash is a whole house's."""


@dataclass(slots=True)
class Churn:
    """What has happened so far."""

    changes: Counter[Change] = field(default_factory=Counter)
    joins: list[float] = field(default_factory=list)
    """Seconds of each join that had to wait for nobody else."""
    late_joins: list[float] = field(default_factory=list)
    """Of those that took the place of a session that was silent."""
    wrong: list[str] = field(default_factory=list)
    """What should not have been."""

    @property
    def joined(self) -> int:
        """How many joins there were."""
        return len(self.joins) + len(self.late_joins)


class ChurnParty:
    """`rooms` times `size` guests, in as many houses as there are rooms.

    After `given_up_after` seconds the relay has given up whom it doesn't hear.
    """

    def __init__(
        self,
        target: RelayTarget,
        *,
        rooms: int,
        size: int,
        given_up_after: float,
        dice: random.Random,
    ) -> None:
        self.churn: Final = Churn()
        self._given_up_after: Final = given_up_after
        self._waiting: set[asyncio.Task[None]] = set()
        self._target: Final = target
        self._dice: Final = dice
        self._houses: list[House] = [House(target) for _ in range(rooms)]
        self._home: dict[Guest, int] = {}
        """The index of each guest's house."""
        self._away: set[Guest] = set()
        self._first: Final = list(_WEIGHTS)
        """Kinds of change that have not been yet: one of each comes before chance decides."""
        self._busy: set[int] = set()
        """Houses in which something changes."""
        for room in range(rooms):
            code = RoomCode.parse(f"CHURN{room:04d}")
            for number in range(size):
                mac = MacAddress(b"\x02\xc4" + room.to_bytes(2) + number.to_bytes(2))
                guest = Guest(f"guest {room}-{number}", code, mac)
                self._home[guest] = (room + number * 7) % rooms

    @property
    def guests(self) -> list[Guest]:
        return list(self._home)

    async def fill(self, *, hands: int) -> None:
        """Bring everybody in."""
        await self._share(self.guests, self._come, hands=hands)

    async def run(self, *, seconds: float, hands: int) -> None:
        """Let guests come and go for a while, and until each kind of change has happened."""
        end = asyncio.get_running_loop().time() + seconds
        await asyncio.gather(*(self._work(until=end) for _ in range(hands)))

    async def rest(self) -> None:
        """Wait for those who have to be given up before they come again."""
        while self._waiting:
            await asyncio.gather(*self._waiting)

    async def end(self, *, hands: int) -> None:
        """Send everybody away: from every fourth house without a word."""
        crashing, polite = self._houses[::4], [h for n, h in enumerate(self._houses) if n % 4]
        self._houses = []
        await self._share(crashing, House.crash, hands=hands)
        await self._share(polite, House.aclose, hands=hands)

    async def come_again(self, guests: list[Guest], *, hands: int) -> None:
        """Let guests come with the MAC addresses and tokens that they had, and go again.

        To a relay that has forgotten them their tokens are nothing.
        """
        house = House(self._target)

        async def come_and_go(guest: Guest) -> None:
            joined = await house.join(guest, resume=True)
            if joined.resumed:
                self.churn.wrong.append(f"{guest.name} was remembered")
            await house.leave(guest)

        await self._share(guests, come_and_go, hands=hands)
        await house.aclose()

    async def _share(
        self, work: list[WorkT], do: Callable[[WorkT], Awaitable[object]], *, hands: int
    ) -> None:
        rest = iter(work)

        async def take_turns() -> None:
            for one in rest:
                await do(one)

        await asyncio.gather(*(take_turns() for _ in range(hands)))

    async def _work(self, *, until: float) -> None:
        loop = asyncio.get_running_loop()
        kinds, weights, guests = list(_WEIGHTS), list(_WEIGHTS.values()), self.guests
        while loop.time() < until or self._first:
            guest = self._dice.choice(guests)
            home = self._home[guest]
            if home in self._busy:
                await asyncio.sleep(_LOOK_AROUND)
                continue
            if guest in self._away:
                change = Change.COME
            elif self._first:
                change = self._first.pop()
            else:
                (change,) = self._dice.choices(kinds, weights)
            self._busy.add(home)
            changing = self._change_and_note(change, guest, home)
            if change is Change.CRASH_AND_WAIT:  # no work for a hand
                task = asyncio.create_task(changing)
                self._waiting.add(task)
                task.add_done_callback(self._waiting.discard)
            else:
                await changing

    async def _change_and_note(self, change: Change, guest: Guest, home: int) -> None:
        try:
            await self._change(change, guest, home)
            self.churn.changes[change] += 1
        finally:
            self._busy.discard(home)

    async def _change(self, change: Change, guest: Guest, home: int) -> None:
        house = self._houses[home]
        match change:
            case Change.COME:
                self._away.discard(guest)
                await self._come(guest)
            case Change.LEAVE:
                self._away.add(guest)
                await house.leave(guest)
            case Change.MOVE:
                await self._come(guest, resume=True)
            case Change.CRASH_AND_RESUME:
                await self._crash(home)
                await self._all_come(home, resume=True)
            case Change.CRASH_AND_RETURN:
                await self._crash(home)
                await self._all_come(home, resume=False, waits=True)
            case Change.CRASH_AND_WAIT:
                await self._crash(home)
                await asyncio.sleep(self._given_up_after)
                await self._all_come(home, resume=False)

    async def _crash(self, home: int) -> None:
        await self._houses[home].crash()
        self._houses[home] = House(self._target)

    async def _all_come(self, home: int, *, resume: bool, waits: bool = False) -> None:
        inhabitants = [
            guest for guest, at in self._home.items() if at == home and guest not in self._away
        ]
        await asyncio.gather(
            *(self._come(guest, resume=resume, waits=waits) for guest in inhabitants)
        )

    async def _come(self, guest: Guest, *, resume: bool = False, waits: bool = False) -> None:
        house = self._houses[self._home[guest]]
        try:
            joined = await house.join(guest, resume=resume)
        except JoinRefusedError as refused:
            self.churn.wrong.append(str(refused))
            self._away.add(guest)
            return
        self._note(guest, joined, resumes=resume, waits=waits)
        house.speak(guest, self._dice.randrange(46, 1_501))

    def _note(self, guest: Guest, joined: Joined, *, resumes: bool, waits: bool = False) -> None:
        (self.churn.late_joins if waits else self.churn.joins).append(joined.seconds)
        if joined.resumed is not resumes:
            was = "resumed" if joined.resumed else "not resumed"
            self.churn.wrong.append(f"{guest.name} was {was}")
