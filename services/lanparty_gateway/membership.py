"""A gateway's time in one room, from the first dial to the goodbye.

One loop tells everything in order. What the frames depend on, the players' addresses and whether
there is a room, follows at once, in the session's own turn.
"""

import asyncio
import random
import secrets
from collections.abc import Callable, Sequence
from contextlib import AsyncExitStack
from ipaddress import IPv4Interface
from pathlib import Path
from typing import Final

from lanparty_client_core import (
    LastingSession,
    MemberChanged,
    MemberJoined,
    MemberLeft,
    SessionEnded,
    SessionEvent,
    SessionState,
    StateChanged,
    Station,
    Welcomed,
)
from lanparty_client_core.resolving import RelayNotFoundError, Resolver
from lanparty_command import CommandFailed
from lanparty_ctrl import Hello, Role
from lanparty_endpoint.arrival import Arrival
from lanparty_endpoint.dialing import dial
from lanparty_endpoint.doctor import CheckResult, Outcome
from lanparty_endpoint.happenings import Happening
from lanparty_endpoint.members_seen import MembersSeen
from lanparty_endpoint.place import Place, new_mac
from lanparty_endpoint.probing import ProbeStation
from lanparty_endpoint.session_bell import LOOKING, SessionBell, take_back_cancellation
from lanparty_gateway import sentences
from lanparty_gateway.bridge import Phase
from lanparty_gateway.bridge_story import BridgeStory
from lanparty_gateway.examining import Examining
from lanparty_gateway.lan_side import LanInterface, LanSide
from lanparty_gateway.own_addresses import own_addresses
from lanparty_gateway.packet import PacketPort
from lanparty_gateway.wish import GatewayWish
from lanparty_obs.codes import SessionEnd

__all__ = ["GatewayMembership"]


class GatewayMembership:
    """`open` claims what the session needs, `stay` is the session; the rest answers questions."""

    def __init__(
        self,
        wish: GatewayWish,
        port: LanInterface,
        *,
        place: Place,
        tell: Callable[[Happening], None],
    ) -> None:
        """Be the session of a claimed place and an open port; see `open`."""
        self.wish: Final = wish
        own_mac = new_mac(secrets.token_bytes)
        self.bell: Final = SessionBell()
        self.lan: Final = LanSide(
            wish, port, own_mac=own_mac, on_turn=self._note_bridge, wake=self.wake
        )
        self.seen: Final = MembersSeen()
        self.probing: Final = ProbeStation(own_mac, relay_round_trip=self._way_to_relay)
        self.examining: Final = Examining(
            wish,
            random=random.SystemRandom(),
            mac=new_mac(secrets.token_bytes),
            transaction=secrets.randbits(32),
        )
        self.own_addresses: tuple[IPv4Interface, ...] = ()
        self._place = place
        self._tell = tell
        self._arrival = Arrival(sentences.GatewayStory(wish), tell=tell)
        self._story = BridgeStory(self.lan.bridge)
        self._link_changed = False
        self._look_due = 0.0
        self._leaving = False

    @classmethod
    async def open(
        cls,
        wish: GatewayWish,
        stack: AsyncExitStack,
        *,
        places: Path,
        tell: Callable[[Happening], None],
    ) -> "GatewayMembership":
        """Claim the place in the room and listen on the LAN; `stack` gives them back.

        `places` is the directory that remembers places. Raises `PortError` and
        `ResumeStoreError`, both with a sentence for a person.
        """
        place = Place(places, wish.relay, player=wish.interface)
        stack.callback(place.close)
        if wish.room is None:
            place.require_usable()
        else:
            place.claim(wish.room.code)
        port = PacketPort.open(wish.interface)
        stack.callback(port.close)
        membership = cls(wish, port, place=place, tell=tell)
        stack.callback(membership.lan.port.close)
        port.on_link_change(membership._note_link)
        stack.callback(port.on_link_change, None)
        return membership

    # What it is.

    @property
    def session(self) -> LastingSession | None:
        """The session; None before it is dialed."""
        return self.bell.session

    @property
    def notices(self) -> tuple[str, ...]:
        """Sentences for a person that hold now."""
        link = sentences.link_sentence(self.wish.interface, self.lan.interface.link)
        found = map(sentences.written_finding, self.examining.warnings)
        return (*([link] if link else []), *self._story.notices, *found)

    def leave(self) -> None:
        """Say goodbye at the next turn; `stay` then ends."""
        self._leaving = True
        self.bell.ring()

    def wake(self) -> None:
        """Let the session take a turn: a station has something to send."""
        self.bell.wake_session()

    # What it does.

    async def stay(self) -> int:
        """Bridge until it is over, and say goodbye; return the exit code.

        Cancelling it leaves the room politely. Raises `CommandFailed` and `ResumeStoreError`, both
        with a sentence for a person.
        """
        looking = asyncio.create_task(self.examining.look())
        looking.add_done_callback(lambda _: self.bell.ring())
        try:
            await self._begin()
            ended = await self._live(looking)
        except asyncio.CancelledError:
            # Asked to go, by Ctrl-C or a supervisor: a goodbye is part of going.
            take_back_cancellation()
            ended = SessionEnded(code=SessionEnd.LEFT)
        finally:
            looking.cancel()
            await asyncio.wait({looking})
            await self._say_goodbye()
        by_person = ended.code is SessionEnd.LEFT and not ended.by_relay
        if by_person or ended.final:
            self._place.forget()
        exit_code = self._arrival.handle_end(ended, by_player=by_person)
        if ended.code is SessionEnd.GATEWAY_PRESENT:
            self._tell(sentences.standby_hint())
        return exit_code

    async def _begin(self) -> None:
        self._arrival.begin()
        await self._look_around()
        await self._keep_tunnel_out()
        hello = Hello(
            role=Role.GATEWAY,
            room_code=None if self.wish.room is None else self.wish.room.code,
            create=self.wish.create,
            standby=self.wish.standby,
            name=self.wish.name,
            datagram_budget=self.wish.receive_budget,
            port_mtu=min(self.lan.port.mtu, _LARGEST_MTU),
            resume_token=self._place.token(),
            prefixes_in_use=tuple(address.network for address in self.own_addresses),
        )
        stations: list[Station] = [
            self.probing,
            self.seen,
            self.lan.bridge.station,
            self.examining.station,
        ]
        self.bell.hold(
            await dial(
                self.wish, self.lan.port, hello=hello, observer=self._observe, stations=stations
            )
        )

    async def _live(self, looking: "asyncio.Task[None]") -> SessionEnded:
        session = self.session
        assert session is not None, "it has begun"
        while True:
            self.bell.silence()
            self.bell.require_health()
            if looking.done():
                looking.result()
                self._tell_findings(self.examining.take_findings())
            if self._link_changed:
                await self._follow_link()
            elif self._look_due <= _now():
                await self._follow_addresses()
            if self.examining.is_over:
                self._let_frames_cross(session)
                self._tell_all(session)
            if session.state.is_over and session.ended is not None:
                return session.ended
            if self._leaving:
                return SessionEnded(code=SessionEnd.LEFT)
            if session.statistics is not None:
                self.lan.add_relays([session.statistics.address])
            if session.state in LOOKING and session.failure is not None:
                self._arrival.handle_trouble(session.state, session.sentence)
            looks = session.state in LOOKING or not self.examining.is_complete
            dues = (self._look_due, self._arrival.next_deadline())
            due = min(each for each in dues if each is not None)
            await self.bell.rung(due=due, looking=looks)

    def _tell_all(self, session: LastingSession) -> None:
        """Tell what came meanwhile: nothing of the room before the preflight is over."""
        while self.bell.events:
            self._follow(self.bell.events.popleft(), session)
        self._arrival.handle_addresses(tuple(map(str, self.own_addresses)), now=_now())
        for happening in self._story.take():
            self._arrival.handle_happening(happening)

    def _tell_findings(self, results: Sequence[CheckResult]) -> None:
        """Tell what was found; raise `CommandFailed` if nothing must be bridged."""
        for result in results:
            if result.outcome is Outcome.FAILED and not self.wish.force:
                raise CommandFailed(
                    f"{sentences.written_finding(result)} Nothing was bridged; `lanparty-gateway "
                    "preflight` shows everything, --force bridges all the same."
                )
            if result.outcome in (Outcome.FAILED, Outcome.WARNING):
                self._tell(sentences.finding(result))

    async def _follow_link(self) -> None:
        self._link_changed = False
        port = self.lan.interface
        self._arrival.handle_happening(
            sentences.link_changed(self.wish.interface, port.link, port.mac)
        )
        if self.bell.running is not None:
            self.bell.running.network_changed()
        await self._follow_addresses()

    async def _follow_addresses(self) -> None:
        before = self.own_addresses
        await self._look_around()
        if self.bell.running is not None and self.own_addresses != before:
            self.bell.running.report_prefixes([each.network for each in self.own_addresses])

    def _follow(self, event: SessionEvent, session: LastingSession) -> None:
        match event:
            case Welcomed(welcome=welcome):
                self._place.remember(welcome, None)
                self._tell_findings(self.examining.judge_room(welcome.mtu))
            case StateChanged(state=SessionState.JOINED) if session.welcome is not None:
                self._arrival.handle_joined(session.welcome, now=_now())
            case StateChanged(state=state) if not state.is_over:
                self._arrival.handle_state(state, session.sentence)
            case MemberJoined() | MemberChanged() | MemberLeft():
                self._arrival.handle_member(event)

    async def _say_goodbye(self) -> None:
        self.lan.set_joined(False, now=_now())
        if self.bell.running is not None:
            await self.bell.running.aclose()

    async def _look_around(self) -> None:
        found = await own_addresses(self.wish.interface)
        self.lan.set_own_addresses(found)
        self.own_addresses = tuple(each for each in found if isinstance(each, IPv4Interface))
        self._look_due = _now() + _LOOK_SECONDS

    async def _keep_tunnel_out(self) -> None:
        """Keep the tunnel out of itself before its first packet."""
        try:
            self.lan.add_relays(await Resolver(self.wish.relay).resolve())
        except RelayNotFoundError:
            return  # The dial says so, or tries again.

    def _let_frames_cross(self, session: LastingSession) -> None:
        joined = session.state is SessionState.JOINED
        if joined == (self.lan.bridge.state.phase is Phase.NOT_JOINED):
            self.lan.set_joined(joined, now=_now())
            self.wake()

    # What happens to it.

    def _observe(self, event: SessionEvent) -> None:
        session = self.session
        if session is not None:
            self.lan.set_members(member.mac for member in session.members.values())
            if isinstance(event, StateChanged) and self.examining.is_over:
                self._let_frames_cross(session)
        if isinstance(event, Welcomed):
            self.lan.interface.set_room_mtu(event.welcome.mtu)
        self.bell.observe(event)

    def _note_link(self) -> None:
        self.lan.follow_interface(now=_now())
        self._link_changed = True
        self.bell.ring()

    def _note_bridge(self) -> None:
        self.probing.hearing = self.lan.bridge.hearing
        if self._story.note():
            self.bell.ring()

    def _way_to_relay(self) -> float | None:
        return None if self.session is None else self.session.shortest_round_trip


_LARGEST_MTU: Final = 65_535
_LOOK_SECONDS: Final = 30.0
"""How often the machine's own addresses are looked at: they come and go without the link."""


def _now() -> float:
    return asyncio.get_running_loop().time()
