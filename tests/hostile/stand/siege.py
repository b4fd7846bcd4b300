"""A relay under siege: two polite players in a room, an offence beside them, and what it left.

The players are processes of their own, so that what they lose is not this process's fault.
"""

import asyncio
import os
import time
from collections.abc import Callable
from pathlib import Path
from types import TracebackType
from typing import Final, Self, TypeVar

from pressure_players import Exchange, Joined, Seat, Tally, play
from pressure_stand import mac, resident
from pressure_workers import Worker
from raw_client import RawClient

from lanparty_ctrl import RoomCode
from lanparty_obs.codes import SessionEnd, session_end_of
from lanparty_obs.counters import TunnelCounters
from lanparty_sim.conservation import imbalance
from lanparty_sim.relay_process import RelayProcess

__all__ = ["Offence", "Siege", "verdict"]

_RATE: Final = 100.0
"""Frames a second from each of the two."""

_LARGEST_LOSS: Final = 0.05
"""A starved player loses nine in ten. That it is under one in a hundred, `make bench-pressure`
shows on a machine that does nothing else; here the relay may get a fifth of a core."""

_MORE_MEMORY: Final = 32 << 20
"""Bytes that an offence may leave behind: allocators keep what was once used."""

_SETTLED_WITHIN: Final = 40.0
"""Seconds in which everything of an offender must be gone, also if its goodbye was lost: silence
ends a session after 30."""

_LOOK_EVERY: Final = 0.1
_FIRST_OFFENDER: Final = 100

ResultT = TypeVar("ResultT")


class Offence:
    """What an offender knows: the relay, and how to join the room of the two."""

    def __init__(self, relay: tuple[str, int], room_code: RoomCode) -> None:
        self.relay = relay
        self.room_code = room_code
        self.victim: Final = mac(0)
        """The MAC of one of the two."""
        self._number = _FIRST_OFFENDER

    def client(self, *, receive_buffer: int | None = None) -> RawClient:
        """Make a client that hasn't done anything yet; `receive_buffer` as in `RawClient`."""
        self._number += 1
        return RawClient(
            self.relay, mac=mac(self._number), name="offender", receive_buffer=receive_buffer
        )

    def member(self) -> RawClient:
        """Make a client and let it join the room."""
        client = self.client()
        client.join(self.room_code)
        return client


def verdict(client: RawClient, *, limit: float = 15.0) -> SessionEnd | int | None:
    """Wait until the relay ends a connection, and give its socket back.

    Returns the relay's code, or QUIC's own error code (RFC 9000 section 20.1), or None when it
    hasn't ended within `limit` seconds.
    """
    give_up_at = time.monotonic() + limit
    while client.close_reason is None and time.monotonic() < give_up_at:
        client.wait(0.02)
    client.leave()
    if client.ended is not None or client.close_reason is None:
        return client.ended
    if client.close_reason.frame_type is not None:
        return client.close_reason.error_code
    return session_end_of(client.close_reason.error_code)


class Siege:
    """An asynchronous context manager: the relay and the two are there inside."""

    def __init__(self, *options: str) -> None:
        """`options` are added to the relay's command line."""
        self.relay: Final = RelayProcess(*(options or ("--joins-per-minute=0",)))
        self._players: list[Worker] = []
        self._offence: Offence | None = None
        self._room_id = ""

    async def __aenter__(self) -> Self:
        await self.relay.__aenter__()
        try:
            await self._seat_players()
        except BaseException:
            await self._clear()
            raise
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        await self._clear()

    async def _seat_players(self) -> None:
        address = (self.relay.address.host, self.relay.address.port)
        room_code: RoomCode | None = None
        for number in range(2):
            player = Worker(play, Seat(address, mac(number), room_code))
            self._players.append(player)
            joined: Joined = await player.receive()
            room_code, self._room_id = joined.room_code, joined.room_id
        assert room_code is not None
        self._offence = Offence(address, room_code)

    async def _clear(self) -> None:
        for player in self._players:
            await player.stop()
        await self.relay.__aexit__(None, None, None)

    async def beside(self, offend: Callable[[Offence], ResultT], *, seconds: float) -> ResultT:
        """Run an offence in a thread while the two exchange frames; require that all ends well.

        The exchange lasts `seconds`, which should be longer than the offence. The two lose next to
        nothing, the relay's counters conserve, its memory and descriptors are what they were,
        nobody else is in the room, and the relay has nothing to say of a fault.
        """
        assert self._offence is not None
        process_id = self.relay.process_id
        memory, descriptors = resident(process_id), _descriptors(process_id)
        begin_at = time.monotonic() + 0.1
        for number, player in enumerate(self._players):
            player.send(Exchange(mac(1 - number), _RATE, seconds, begin_at))
        result = await asyncio.to_thread(offend, self._offence)
        tallies: list[Tally] = [await player.receive() for player in self._players]
        for receiver in (0, 1):
            arrived, sent = len(tallies[receiver].wire), tallies[1 - receiver].offered
            assert sent - arrived <= _LARGEST_LOSS * sent, f"{arrived} of {sent} frames arrived"
        await self._require_peace(memory=memory, descriptors=descriptors)
        return result

    async def counters(self) -> TunnelCounters:
        """Return what the relay counted."""
        async with self.relay.api() as api:
            return await api.relay()

    async def _require_peace(self, *, memory: int, descriptors: int) -> None:
        complaint = "never looked"
        give_up_at = time.monotonic() + _SETTLED_WITHIN
        while time.monotonic() < give_up_at:
            complaint = await self._complaint(memory=memory, descriptors=descriptors)
            if not complaint:
                break
            await asyncio.sleep(_LOOK_EVERY)
        assert not complaint, complaint
        assert "Traceback" not in self.relay.log_file.read_text(encoding="utf-8")

    async def _complaint(self, *, memory: int, descriptors: int) -> str:
        process_id = self.relay.process_id
        async with self.relay.api() as api:
            peers = await api.peers(self._room_id)
            wrong = imbalance(await api.relay())
        if len(peers) != len(self._players):
            return f"{len(peers)} peers are in the room"
        if (more := resident(process_id) - memory) > _MORE_MEMORY:
            return f"the relay has kept {more / 1e6:.1f} MB"
        if (now := _descriptors(process_id)) != descriptors:
            return f"{now} descriptors are open, not {descriptors}"
        return wrong


def _descriptors(process_id: int) -> int:
    return len(os.listdir(Path(f"/proc/{process_id}/fd")))
