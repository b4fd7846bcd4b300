"""A player's time in one room, from the first dial to the goodbye.

One loop does everything in order: it wakes when the session, the addresses, the machine's networks
or the interface say that something is new, tells it, and makes the interface look as it should.
"""

import asyncio
import secrets
from collections.abc import Callable
from contextlib import AsyncExitStack
from pathlib import Path
from typing import Final

from lanparty_client.doctor.listening import OrdinarySocket
from lanparty_client.following import EventFollower
from lanparty_client.greeting import hello_for
from lanparty_client.ground import Ground
from lanparty_client.room_interface import RoomInterface
from lanparty_client.sentences import PlayerStory
from lanparty_client.wish import JoinWish
from lanparty_client_core import (
    LastingSession,
    SessionEnded,
    SessionEvent,
    SessionState,
    StateChanged,
    Station,
)
from lanparty_endpoint import sentences
from lanparty_endpoint.arrival import Arrival
from lanparty_endpoint.dialing import dial
from lanparty_endpoint.happenings import Happening
from lanparty_endpoint.members_seen import MembersSeen
from lanparty_endpoint.place import Place
from lanparty_endpoint.probing import ProbeStation
from lanparty_endpoint.session_bell import LOOKING, SessionBell, take_back_cancellation
from lanparty_obs.codes import SessionEnd
from lanparty_proto import MacAddress

__all__ = ["Membership"]


class Membership:
    """`open` claims what the session needs, `stay` is the session; the rest answers questions."""

    def __init__(
        self,
        wish: JoinWish,
        *,
        mac: MacAddress,
        place: Place,
        ground: Ground,
        tell: Callable[[Happening], None],
    ) -> None:
        """Be the session of a claimed place and an open interface; see `open`."""
        self._bell = SessionBell()
        self.wish: Final = wish
        self.interface: Final = RoomInterface(wish, ground, mac=mac, on_change=self._bell.ring)
        self.seen: Final = MembersSeen()
        self.probing: Final = ProbeStation(mac, relay_round_trip=self._way_to_relay)
        self.listening: Final = OrdinarySocket(self.probing, wake=self.wake)
        self._place = place
        self._arrival = Arrival(PlayerStory(wish, mac=mac), tell=tell)
        self._follow = EventFollower(self._place, self.interface, self._arrival)
        self._relay: str | None = None
        self._networks_changed = True
        self._leaving = False

    @classmethod
    async def open(
        cls,
        wish: JoinWish,
        stack: AsyncExitStack,
        *,
        places: Path,
        tell: Callable[[Happening], None],
    ) -> "Membership":
        """Claim the place in the room and make the interface; `stack` gives them back.

        `places` is the directory that remembers places. Raises `PortError` and
        `ResumeStoreError`, both with a sentence for a person.
        """
        place = Place(places, wish.relay)
        stack.callback(place.close)
        if wish.room is None:
            place.require_usable()
        else:
            place.claim(wish.room.code)
        mac = place.mac(secrets.token_bytes)
        ground = await Ground.open(
            wish.interface, stack, tell=lambda text: tell(sentences.notice(text))
        )
        membership = cls(wish, mac=mac, place=place, ground=ground, tell=tell)
        stack.callback(membership.listening.close)
        await membership.interface.prepare()
        await ground.watch(
            stack, on_change=membership._note_networks, on_lost=membership._bell.ring
        )
        return membership

    # What it is.

    @property
    def session(self) -> LastingSession | None:
        """The session; None before it is dialed."""
        return self._bell.session

    def leave(self) -> None:
        """Say goodbye at the next turn; `stay` then ends."""
        self._leaving = True
        self._bell.ring()

    def wake(self) -> None:
        """Let the session take a turn: a station has something to send."""
        self._bell.wake_session()

    # What it does.

    async def stay(self) -> int:
        """Join, stay until it is over, and say goodbye; return the exit code.

        Cancelling it leaves the room politely. Raises `CommandFailed`, `PortError` and
        `ResumeStoreError`, all with a sentence for a person.
        """
        try:
            await self._begin()
            ended = await self._live()
        except asyncio.CancelledError:
            # Asked to go, by Ctrl-C or a supervisor: a goodbye is part of going.
            take_back_cancellation()
            ended = SessionEnded(code=SessionEnd.LEFT)
        finally:
            await self._say_goodbye()
        by_player = ended.code is SessionEnd.LEFT and not ended.by_relay
        if by_player or ended.final:
            self._place.forget()
        return self._arrival.handle_end(ended, by_player=by_player)

    async def _begin(self) -> None:
        wish, port = self.wish, self.interface.ground.port
        self._arrival.begin()
        self._networks_changed = False
        prefixes = await self.interface.look_around(now=_now())
        hello = hello_for(
            wish,
            mac=self.interface.mac,
            port_mtu=port.mtu,
            token=self._place.token(),
            prefixes=prefixes,
        )
        stations: list[Station] = [self.interface.addressing, self.probing, self.seen]
        self._bell.hold(
            await dial(
                wish,
                port,
                hello=hello,
                observer=self._observe,
                stations=stations,
                clamp_mss=wish.clamp_mss,
            )
        )

    async def _live(self) -> SessionEnded:
        session = self.session
        assert session is not None, "it has begun"
        while True:
            self._bell.silence()
            if self._networks_changed:
                await self._look_around()
            while self._bell.events:
                self._follow(self._bell.events.popleft(), session, now=_now())
                self.wake()  # the rules for addresses may have something to send
            self._require_health()
            if session.state.is_over and session.ended is not None:
                return session.ended
            if self._leaving:
                return SessionEnded(code=SessionEnd.LEFT)
            await self._shape(session)
            self._arrival.handle_notices(self.interface.addressing.notices)
            self._arrival.handle_addresses(self.interface.addresses, now=_now())
            if session.state in LOOKING and session.failure is not None:
                self._arrival.handle_trouble(session.state, session.sentence)
            looking = session.state in LOOKING
            await self._bell.rung(due=self._arrival.next_deadline(), looking=looking)

    def _require_health(self) -> None:
        self._bell.require_health()
        self.interface.require_health()

    async def _say_goodbye(self) -> None:
        if self._bell.running is None:
            return
        self.interface.addressing.leave(now=_now())
        self.wake()
        await asyncio.sleep(0)  # one turn, in which the address is given back
        await self._bell.running.aclose()

    # What happens to it.

    def _observe(self, event: SessionEvent) -> None:
        if isinstance(event, StateChanged) and event.state is SessionState.JOINED:
            # By now the kernel knows the router's MAC: what was dialed went through it.
            self._networks_changed = True
        self._bell.observe(event)

    def _note_networks(self) -> None:
        self._networks_changed = True
        if self._bell.running is not None:
            self._bell.running.network_changed()
        self._bell.ring()

    async def _look_around(self) -> None:
        self._networks_changed = False
        prefixes = await self.interface.look_around(now=_now())
        if self._bell.running is not None:
            self._bell.running.report_prefixes(prefixes)

    async def _shape(self, session: LastingSession) -> None:
        if session.welcome is None:
            return
        if session.statistics is not None:
            # In an outage the way to the last one stays: that is where it will be dialed again.
            self._relay = session.statistics.address[0]
        for notice in await self.interface.shape(mtu=session.welcome.mtu, relay=self._relay):
            self._arrival.handle_notice(notice)
        self.listening.open(self.wish.interface)

    def _way_to_relay(self) -> float | None:
        return None if self.session is None else self.session.shortest_round_trip


def _now() -> float:
    return asyncio.get_running_loop().time()
