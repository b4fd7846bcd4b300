"""Guests who come and go: many sessions by one socket, which can vanish without a word.

A *guest* always comes to the same room with the same MAC address. A *house* is one endpoint with
the connections of some guests, each to another room; when it crashes, the relay hears nothing of
it.
"""

import asyncio
from contextlib import suppress
from dataclasses import dataclass
from typing import Final

from lanparty_client_core import RelayTarget, SessionState
from lanparty_client_core.attempt import Attempt
from lanparty_ctrl import Hello, Role, RoomCode, Stats
from lanparty_obs.codes import SessionEnd
from lanparty_obs.counters import TunnelCounters
from lanparty_proto import BROADCAST, MINIMUM_DATAGRAM_BUDGET, MacAddress, cut
from lanparty_quic.endpoint import Connected, ConnectionClosed, ConnectionKey, EndpointEvent
from lanparty_quic.loop import EndpointDriver, bind_endpoint

__all__ = ["Guest", "House", "JoinRefusedError", "Joined"]

_MTU: Final = 1_500
_TEST_TYPE: Final = b"\x88\xb5"


class JoinRefusedError(Exception):
    """A guest isn't let in."""

    def __init__(self, guest: "Guest", code: SessionEnd, text: str) -> None:
        super().__init__(f"{guest.name} in {guest.room_code}: {code.value} {text}")
        self.code: Final = code


class _CrashedError(Exception):
    """What stops a driver in the middle of everything."""


@dataclass(eq=False, slots=True)
class Guest:
    """Somebody who comes and goes."""

    name: str
    room_code: RoomCode
    mac: MacAddress
    token: str | None = None
    """Of the last welcome: with it the guest resumes."""
    frames_sent: int = 0

    def hello(self, *, resume: bool) -> Hello:
        return Hello(
            role=Role.CLIENT,
            room_code=self.room_code,
            create=True,
            mac=self.mac,
            name=self.name,
            datagram_budget=MINIMUM_DATAGRAM_BUDGET,
            port_mtu=_MTU,
            resume_token=self.token if resume else None,
        )


@dataclass(frozen=True, slots=True)
class Joined:
    """How a join went."""

    seconds: float
    """From the dial until every member was named."""
    resumed: bool


class _Stay:
    """One connection of a guest."""

    def __init__(self, guest: Guest, attempt: Attempt, hello: Hello) -> None:
        self.guest: Final = guest
        self.attempt: Final = attempt
        self.hello: Final = hello
        self.greeted = False
        loop = asyncio.get_running_loop()
        self.decided: asyncio.Future[SessionEnd | None] = loop.create_future()
        """None once joined, or why not."""
        self.over: asyncio.Future[None] = loop.create_future()

    def decide(self, code: SessionEnd | None) -> None:
        if not self.decided.done():
            self.decided.set_result(code)


class House:
    """An endpoint on a socket of its own, from its first guest to its end."""

    def __init__(self, target: RelayTarget) -> None:
        self._target: Final = target
        self._stays: dict[ConnectionKey, _Stay] = {}
        self._of: dict[Guest, _Stay] = {}
        self._crashed = False
        self._endpoint: Final = bind_endpoint("127.0.0.1", 0)
        self._driver: Final = EndpointDriver(self._endpoint, self)
        self._driver.start()

    async def join(self, guest: Guest, *, resume: bool) -> Joined:
        """Bring a guest in; one who is in already moves to another connection.

        Raises `JoinRefusedError`.
        """
        loop = asyncio.get_running_loop()
        began = loop.time()
        attempt = Attempt(self._endpoint, self._target.addresses[0], target=self._target, now=began)
        stay = _Stay(guest, attempt, guest.hello(resume=resume))
        self._stays[attempt.connection] = stay
        self._driver.wake()
        refused = await stay.decided
        if refused is not None:
            ended = attempt.ended if stay.greeted else None
            raise JoinRefusedError(guest, refused, ended.text if ended else "")
        self._of[guest] = stay
        welcome = attempt.conversation.welcome
        assert welcome is not None, "joined"
        guest.token = welcome.resume_token
        return Joined(loop.time() - began, welcome.resumed)

    def speak(self, guest: Guest, length: int) -> None:
        """Let a guest broadcast a frame with so many bytes of payload."""
        stay = self._of.get(guest)
        if stay is None or stay.attempt.conversation.state is not SessionState.JOINED:
            return
        guest.frames_sent += 1
        frame = BROADCAST + guest.mac + _TEST_TYPE + bytes(length)
        number = guest.frames_sent
        connection = stay.attempt.connection
        datagrams = cut(frame, budget=MINIMUM_DATAGRAM_BUDGET, frame_id=lambda: number)
        now = asyncio.get_running_loop().time()
        self._endpoint.queue([(connection, 0, datagram) for datagram in datagrams], now=now)
        self._driver.wake()

    async def leave(self, guest: Guest) -> None:
        """Say goodbye for a guest."""
        stay = self._of.pop(guest)
        stay.attempt.conversation.disconnect(SessionEnd.LEFT, "")
        self._driver.wake()
        await stay.over

    async def crash(self) -> None:
        """Vanish: nobody hears a word of it."""
        self._crashed = True
        self._driver.wake()
        with suppress(_CrashedError):
            await self._driver.wait_closed()

    async def aclose(self) -> None:
        """Let everybody leave, and close the socket."""
        for guest in list(self._of):
            await self.leave(guest)
        await self._driver.aclose()

    # A `Consumer`.

    def serve(self, *, now: float) -> None:
        if self._crashed:
            raise _CrashedError
        for event in self._endpoint.events():
            self._handle_event(event, now=now)
        self._endpoint.datagrams()
        for stay in self._stays.values():
            if not stay.greeted:
                continue
            conversation = stay.attempt.conversation
            if conversation.handle_timer(now=now):
                conversation.report(Stats(counters=TunnelCounters()))
            if conversation.state is SessionState.JOINED:
                stay.decide(None)
            elif conversation.ended is not None:
                stay.decide(conversation.ended.code)
            stay.attempt.speak()
        self._endpoint.flush(now=now)
        self._endpoint.outcomes()

    def next_deadline(self) -> float | None:
        conversations = (stay.attempt.conversation for stay in self._stays.values() if stay.greeted)
        deadlines = (conversation.next_deadline() for conversation in conversations)
        return min((moment for moment in deadlines if moment is not None), default=None)

    def _handle_event(self, event: EndpointEvent, *, now: float) -> None:
        stay = self._stays[event.connection]
        if isinstance(event, Connected):
            stay.attempt.greet(stay.hello, now=now)
            stay.greeted = True
        elif stay.greeted:
            stay.attempt.handle_event(event, now=now)
        if isinstance(event, ConnectionClosed):
            del self._stays[event.connection]
            stay.decide(event.end)
            stay.over.set_result(None)
