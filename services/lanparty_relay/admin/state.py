"""What the relay told its admin process, and how that commands it."""

import asyncio
import itertools
from collections.abc import Callable
from dataclasses import dataclass
from typing import Final, TypeVar

from lanparty_relay.admin.event_hub import EventHub
from lanparty_relay.admin_link import (
    HEARTBEAT_SECONDS,
    Answer,
    AnswerMessage,
    AnyAnswer,
    CloseRoom,
    Command,
    Configuration,
    EventTold,
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

AnswerT = TypeVar("AnswerT", bound=AnswerMessage)

_STALE_AFTER: Final = 3 * HEARTBEAT_SECONDS
"""Seconds without a heartbeat after which the relay half counts as down."""

ANSWER_SECONDS: Final = 2.0
"""Time that a command may take; the relay does it in its next turn."""


class RelayNotAnsweringError(Exception):
    """The relay did not answer a command in time, or is gone; it may still carry it out."""


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
        self.events: Final = EventHub()
        self.heartbeat: Heartbeat | None = None
        self.clock: Final = clock
        """The monotonic clock that the relay's times are of."""
        self._send: Final = send
        self._answer_within: Final = answer_within
        self._heartbeat_at: float | None = None
        self._synchronised = False
        self._is_gone = False
        self._command_ids: Final = itertools.count(1)
        self._unanswered: dict[int, asyncio.Future[AnyAnswer]] = {}

    def receive(self, message: ToAdmin | FromAdmin) -> None:
        """Take a message of the relay; one that isn't the relay's to send means nothing."""
        if isinstance(message, InventoryChange):
            self.inventory.apply(message)
            return
        match message:
            case Configuration():
                if message.token != self.configuration.token:
                    self.events.dismiss()  # whoever follows showed a token that is no more
                self.configuration = message
            case EventTold():
                self.events.receive(message)
            case Heartbeat(number=number):
                self.heartbeat = message
                self._heartbeat_at = self.clock()
                self._send(HeartbeatSeen(number=number))
            case Synchronised():
                self._synchronised = True
            case AnswerMessage(command_id=command_id):
                waiting = self._unanswered.pop(command_id, None)
                if waiting is not None and not waiting.done():
                    waiting.set_result(message)

    def readiness(self) -> Readiness:
        """Say which half is in order now."""
        age = None if self._heartbeat_at is None else self.clock() - self._heartbeat_at
        return Readiness(
            relay_up=age is not None and age <= _STALE_AFTER,
            synchronised=self._synchronised,
            heartbeat_age=age,
        )

    def relay_is_gone(self) -> None:
        """Take note that the link is closed: no event comes any more, and no answer."""
        self._is_gone = True
        self.events.close()
        for waiting in self._unanswered.values():
            if not waiting.done():
                waiting.set_exception(RelayNotAnsweringError)

    async def kick(self, room_id: str, peer_id: int) -> bool:
        """Have the relay end a member's session; False if it has no such member.

        Raises `RelayNotAnsweringError`.
        """
        kick = KickPeer(command_id=self.next_command_id(), room_id=room_id, peer_id=peer_id)
        return (await self.ask(kick, Answer)).done

    async def close_room(self, room_id: str) -> bool:
        """Have the relay close a room; False if it has no such room.

        Raises `RelayNotAnsweringError`.
        """
        close = CloseRoom(command_id=self.next_command_id(), room_id=room_id)
        return (await self.ask(close, Answer)).done

    def next_command_id(self) -> int:
        """Return a number for a command, which no other has."""
        return next(self._command_ids)

    async def ask(self, command: Command, answered_by: type[AnswerT]) -> AnswerT:
        """Have the relay carry a command out and return its answer, which is of the class given.

        Raises `RelayNotAnsweringError`.
        """
        if self._is_gone:
            raise RelayNotAnsweringError
        waiting: asyncio.Future[AnyAnswer] = asyncio.get_running_loop().create_future()
        self._unanswered[command.command_id] = waiting
        self._send(command)
        try:
            async with asyncio.timeout(self._answer_within):
                answer = await waiting
        except TimeoutError:
            raise RelayNotAnsweringError from None
        finally:
            self._unanswered.pop(command.command_id, None)
        if not isinstance(answer, answered_by):
            raise TypeError(f"{command.type} was answered by {answer.type}")
        return answer
