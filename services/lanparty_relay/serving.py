"""The relay's turn: what came in goes through the core, and what it decided goes out."""

from collections.abc import Callable
from typing import Final

from lanparty_quic import Endpoint
from lanparty_relay.admin_link import Command, KickPeer
from lanparty_relay.core import (
    CloseConnection,
    CounterBlocks,
    LifecycleEvent,
    LimitDatagrams,
    Relay,
    SendControl,
)

__all__ = ["RelayConsumer"]


class RelayConsumer:
    """Serves an endpoint with a relay; the endpoint's driver calls it (`Consumer`).

    `on_events` gets what happened in a turn, then `on_answer` what became of each command.
    """

    def __init__(
        self,
        *,
        endpoint: Endpoint,
        relay: Relay,
        blocks: CounterBlocks,
        on_events: Callable[[list[LifecycleEvent], float], None],
        on_answer: Callable[[Command, bool], None],
    ) -> None:
        self._endpoint: Final = endpoint
        self._relay: Final = relay
        self._blocks: Final = blocks
        self._on_events: Final = on_events
        self._on_answer: Final = on_answer
        self._commands: list[Command] = []
        self._shutdown = False

    def ask(self, command: Command) -> None:
        """Carry a command out in the next turn; wake the driver for it."""
        self._commands.append(command)

    def shut_down(self) -> None:
        """End every session as `shutdown` in the next turn; wake the driver for it."""
        self._shutdown = True

    def serve(self, *, now: float) -> None:
        """Take one turn. The counters are exact again at its end."""
        endpoint, relay = self._endpoint, self._relay
        self._blocks.begin_batch()
        relay.handle_datagrams(endpoint.datagrams(), now=now)
        for event in endpoint.events():
            relay.handle_event(event, now=now)
        relay.handle_timer(now=now)
        answers = self._carry_out(now)
        for connection, copies in relay.work():
            endpoint.charge(connection, copies)
        endpoint.queue(relay.sends(), now=now)
        self._do_actions()
        for connection in relay.statistics_wanted():
            relay.handle_statistics(connection, endpoint.statistics(connection), now=now)
        self._do_actions()
        endpoint.flush(now=now)
        relay.handle_outcomes(endpoint.outcomes(), now=now)
        self._blocks.end_batch()
        self._on_events(relay.lifecycle(), now)
        for command, done in answers:
            self._on_answer(command, done)

    def next_deadline(self) -> float | None:
        """When the relay has something due."""
        return self._relay.next_deadline()

    def _carry_out(self, now: float) -> list[tuple[Command, bool]]:
        if self._shutdown:
            self._shutdown = False
            self._relay.shutdown(now=now)
        commands, self._commands = self._commands, []
        return [(command, self._carry_out_one(command, now)) for command in commands]

    def _carry_out_one(self, command: Command, now: float) -> bool:
        if isinstance(command, KickPeer):
            return self._relay.kick(command.room_id, command.peer_id, now=now)
        return self._relay.close_room(command.room_id, now=now)

    def _do_actions(self) -> None:
        for action in self._relay.actions():
            match action:
                case SendControl(connection=connection, data=data):
                    self._endpoint.send_control(connection, data)
                case CloseConnection(connection=connection, end=end, text=text):
                    self._endpoint.close_connection(connection, end=end, text=text)
                case LimitDatagrams(connection=connection, size=size):
                    self._endpoint.limit_datagrams(connection, size)
