"""What the relay told its admin process, and how that commands it."""

import asyncio
import itertools
from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

from lanparty_relay.admin_link import (
    HEARTBEAT_SECONDS,
    Answer,
    CloseRoom,
    Command,
    Configuration,
    FromAdmin,
    Heartbeat,
    HeartbeatSeen,
    InventoryChange,
    KickPeer,
    Synchronised,
    ToAdmin,
)
from lanparty_relay.inventory import Inventory

__all__ = ["ANSWER_SECONDS", "Readiness", "RelayNotAnsweringError", "RelayState"]

_STALE_AFTER: Final = 3 * HEARTBEAT_SECONDS
"""Seconds without a heartbeat after which the relay half counts as down."""

ANSWER_SECONDS: Final = 2.0
"""Time that a command may take; the relay does it in its next turn."""


class RelayNotAnsweringError(Exception):
    """The relay did not answer a command in time; it may still carry it out."""


@dataclass(frozen=True, slots=True)
class Readiness:
    """Which half is in order."""

    relay_up: bool
    synchronised: bool
    heartbeat_age: float | None
    """Seconds since the relay's last sign of life."""

    @property
    def ready(self) -> bool:
        """Whether both are."""
        return self.relay_up and self.synchronised


class RelayState:
    """The relay as its admin process knows it. `send` brings a message to the relay."""

    def __init__(
        self,
        configuration: Configuration,
        *,
        send: Callable[[FromAdmin], None],
        clock: Callable[[], float],
        answer_within: float = ANSWER_SECONDS,
    ) -> None:
        self.configuration = configuration
        self.inventory: Final = Inventory()
        self.heartbeat: Heartbeat | None = None
        self.clock: Final = clock
        """The monotonic clock that the relay's times are of."""
        self._send: Final = send
        self._answer_within: Final = answer_within
        self._heartbeat_at: float | None = None
        self._synchronised = False
        self._command_ids: Final = itertools.count(1)
        self._unanswered: dict[int, asyncio.Future[bool]] = {}

    def receive(self, message: ToAdmin | FromAdmin) -> None:
        """Take a message of the relay; one that isn't the relay's to send means nothing."""
        if isinstance(message, InventoryChange):
            self.inventory.apply(message)
            return
        match message:
            case Configuration():
                self.configuration = message
            case Heartbeat(number=number):
                self.heartbeat = message
                self._heartbeat_at = self.clock()
                self._send(HeartbeatSeen(number=number))
            case Synchronised():
                self._synchronised = True
            case Answer(command_id=command_id, done=done):
                waiting = self._unanswered.pop(command_id, None)
                if waiting is not None and not waiting.done():
                    waiting.set_result(done)

    def readiness(self) -> Readiness:
        """Say which half is in order now."""
        age = None if self._heartbeat_at is None else self.clock() - self._heartbeat_at
        return Readiness(
            relay_up=age is not None and age <= _STALE_AFTER,
            synchronised=self._synchronised,
            heartbeat_age=age,
        )

    async def kick(self, room_id: str, peer_id: int) -> bool:
        """Have the relay end a member's session; False if it has no such member.

        Raises `RelayNotAnsweringError`.
        """
        number = next(self._command_ids)
        return await self._ask(KickPeer(command_id=number, room_id=room_id, peer_id=peer_id))

    async def close_room(self, room_id: str) -> bool:
        """Have the relay close a room; False if it has no such room.

        Raises `RelayNotAnsweringError`.
        """
        return await self._ask(CloseRoom(command_id=next(self._command_ids), room_id=room_id))

    async def _ask(self, command: Command) -> bool:
        answer: asyncio.Future[bool] = asyncio.get_running_loop().create_future()
        self._unanswered[command.command_id] = answer
        self._send(command)
        try:
            async with asyncio.timeout(self._answer_within):
                return await answer
        except TimeoutError:
            raise RelayNotAnsweringError from None
        finally:
            self._unanswered.pop(command.command_id, None)
