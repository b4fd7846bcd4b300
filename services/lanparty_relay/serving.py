"""The relay's turn: what came in goes through the core, and what it decided goes out."""

from collections.abc import Callable
from typing import Final

from lanparty_quic import Endpoint
from lanparty_relay.admin_link import (
    Answer,
    AnyAnswer,
    ChangeRoom,
    CloseFrameLog,
    CloseRoom,
    Command,
    FrameLogAnswer,
    FramesAnswer,
    KickPeer,
    OpenFrameLog,
    OpenRoom,
    ReadFrameLog,
    RoomAnswer,
)
from lanparty_relay.core import (
    CloseConnection,
    CounterBlocks,
    FrameLogRefusal,
    LifecycleEvent,
    LimitDatagrams,
    Relay,
    Room,
    RoomOrder,
    RoomRefused,
    SendControl,
)

__all__ = ["RelayConsumer"]


class RelayConsumer:
    """Serves an endpoint with a relay; the endpoint's driver calls it (`Consumer`).

    `on_events` gets what happened in a turn, then `on_answer` the answer to each command.
    """

    def __init__(
        self,
        *,
        endpoint: Endpoint,
        relay: Relay,
        blocks: CounterBlocks,
        on_events: Callable[[list[LifecycleEvent], float], None],
        on_answer: Callable[[AnyAnswer], None],
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
        for answer in answers:
            self._on_answer(answer)

    def next_deadline(self) -> float | None:
        """When the relay has something due."""
        return self._relay.next_deadline()

    def _carry_out(self, now: float) -> list[AnyAnswer]:
        if self._shutdown:
            self._shutdown = False
            self._relay.shutdown(now=now)
        commands, self._commands = self._commands, []
        return [self._carry_out_one(command, now) for command in commands]

    def _carry_out_one(self, command: Command, now: float) -> AnyAnswer:
        number = command.command_id
        match command:
            case KickPeer(room_id=room_id, peer_id=peer_id):
                done = self._relay.kick(room_id, peer_id, now=now)
                return Answer(command_id=number, done=done)
            case CloseRoom(room_id=room_id):
                return Answer(command_id=number, done=self._relay.close_room(room_id, now=now))
            case OpenFrameLog(room_id=room_id, peer_id=peer_id, frames_per_second=rate):
                opened = self._relay.frame_logs.open(
                    room_id, peer_id, frames_per_second=rate, now=now
                )
                if isinstance(opened, FrameLogRefusal):
                    return FrameLogAnswer(command_id=number, refusal=opened)
                return FrameLogAnswer(command_id=number, log_id=opened)
            case ReadFrameLog(log_id=log_id):
                read = self._relay.frame_logs.read(log_id, now=now)
                return FramesAnswer(
                    command_id=number,
                    frames=read.frames,
                    passed_over=read.passed_over,
                    end=read.end,
                )
            case CloseFrameLog(log_id=log_id):
                self._relay.frame_logs.close(log_id)
                return Answer(command_id=number, done=True)
            case OpenRoom():
                return self._open_room(command, now)
            case ChangeRoom(room_id=room_id, peers_limit=limit, expires_at=expires_at):
                changed = self._relay.change_room(room_id, peers_limit=limit, expires_at=expires_at)
                return _room_answer(number, changed)

    def _open_room(self, command: OpenRoom, now: float) -> RoomAnswer:
        order = RoomOrder(
            code=command.code,
            mtu=command.mtu,
            peers_limit=command.peers_limit,
            expires_at=command.expires_at,
        )
        return _room_answer(command.command_id, self._relay.open_room(order, now=now))

    def _do_actions(self) -> None:
        for action in self._relay.actions():
            match action:
                case SendControl(connection=connection, data=data):
                    self._endpoint.send_control(connection, data)
                case CloseConnection(connection=connection, end=end, text=text):
                    self._endpoint.close_connection(connection, end=end, text=text)
                case LimitDatagrams(connection=connection, size=size):
                    self._endpoint.limit_datagrams(connection, size)


def _room_answer(number: int, room: Room | RoomRefused) -> RoomAnswer:
    refusal = room.reason if isinstance(room, RoomRefused) else None
    return RoomAnswer(command_id=number, room_id=room.room_id, refusal=refusal)
