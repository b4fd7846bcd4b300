"""The routes of the frame logs: who sent what to whom, as it happens, for a while."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import suppress
from datetime import UTC, datetime
from http import HTTPStatus
from typing import Annotated, Final, TypeAlias

from fastapi import APIRouter, Query
from fastapi.responses import StreamingResponse
from fastapi.sse import format_sse_event
from pydantic import BaseModel

from lanparty_obs.frame_log import FrameLogged
from lanparty_relay.admin.event_source import event_source, event_source_responses
from lanparty_relay.admin.frame_models import (
    FrameLogEvent,
    FrameLogOver,
    FrameLogQuery,
    LogEnd,
    LoggedFrame,
)
from lanparty_relay.admin.lookup import LOOKUP_RESPONSES, PeerId, RoomId, no_peer, no_room
from lanparty_relay.admin.problems import Problem, problem_responses
from lanparty_relay.admin.state import RelayNotAnsweringError, RelayState
from lanparty_relay.admin_link import (
    Answer,
    CloseFrameLog,
    FrameLogAnswer,
    FramesAnswer,
    OpenFrameLog,
    ReadFrameLog,
)
from lanparty_relay.core import FRAME_LOGS, FrameLogRefusal

__all__ = ["frames_router"]

_READ_EVERY: Final = 0.2
"""Seconds between two looks at a log."""

_EXAMPLE: Final = (
    'event: frame\ndata: {"at":"2026-11-24T18:00:00.123456Z","direction":"from_peer",'
    '"peer_id":1,"cast":"broadcast","destinations":3,"length":42,'
    '"destination_mac":"ff:ff:ff:ff:ff:ff","source_mac":"02:00:5e:10:00:01","ethertype":"0x0806",'
    '"source_address":"10.171.5.34","destination_address":"10.171.5.35","arp":"request",'
    '"passed_over":0}\n\nevent: end\ndata: {"reason":"time","shown":1,"passed_over":0}\n\n'
)

Sleep: TypeAlias = Callable[[float], Awaitable[None]]


def frames_router(state: RelayState, *, sleep: Sleep = asyncio.sleep) -> APIRouter:
    """Make the routes; `state` carries commands to the relay, `sleep` passes time in between."""
    follower = _Follower(state, sleep)
    router = APIRouter(
        prefix="/rooms",
        tags=["frames"],
        responses={
            **LOOKUP_RESPONSES,
            **problem_responses(HTTPStatus.TOO_MANY_REQUESTS),
            **event_source_responses(FrameLogEvent.__name__, _EXAMPLE),
        },
    )

    @router.get(
        "/{room_id}/frames",
        summary="What the peers of a room send, as it happens",
        response_class=StreamingResponse,
    )
    async def room_frames(
        room_id: RoomId, query: Annotated[FrameLogQuery, Query()]
    ) -> StreamingResponse:
        """Follow the datagrams that a room's peers send: header fields and what was done with
        them, as server-sent events `frame`, and at the end one `end`. The relay records nothing
        unless somebody asks, and a few such logs at once.
        """  # noqa: D205  the schema shows it as one paragraph
        log_id = await follower.open(room_id, None, query)
        return event_source(follower.follow(log_id, query))

    @router.get(
        "/{room_id}/peers/{peer_id}/frames",
        summary="What a peer sends and gets, as it happens",
        response_class=StreamingResponse,
    )
    async def peer_frames(
        room_id: RoomId, peer_id: PeerId, query: Annotated[FrameLogQuery, Query()]
    ) -> StreamingResponse:
        """Follow the datagrams that a peer sends, and those of others of which a copy was chosen
        for it; otherwise like a room's.
        """  # noqa: D205  the schema shows it as one paragraph
        log_id = await follower.open(room_id, peer_id, query)
        return event_source(follower.follow(log_id, query))

    return router


class _Follower:
    """Opens logs at the relay and gives what is in them."""

    def __init__(self, state: RelayState, sleep: Sleep) -> None:
        self._state: Final = state
        self._sleep: Final = sleep

    async def open(self, room_id: str, peer_id: int | None, query: FrameLogQuery) -> int:
        """Open a log and return its id. Raises the `Problem` that it can't be."""
        opened = await self._state.ask(
            OpenFrameLog(
                command_id=self._state.next_command_id(),
                room_id=room_id,
                peer_id=peer_id,
                frames_per_second=query.rate,
            ),
            FrameLogAnswer,
        )
        match opened.refusal:
            case FrameLogRefusal.NO_SUCH_ROOM:
                raise no_room(room_id)
            case FrameLogRefusal.NO_SUCH_PEER if peer_id is not None:
                raise no_peer(room_id, peer_id)
            case FrameLogRefusal.TOO_MANY:
                raise Problem(
                    HTTPStatus.TOO_MANY_REQUESTS,
                    f"{FRAME_LOGS} frame logs are open already: end one first.",
                    {"Retry-After": "10"},
                )
        assert opened.log_id is not None, "what isn't refused is open"
        return opened.log_id

    async def follow(self, log_id: int, query: FrameLogQuery) -> AsyncIterator[bytes]:
        """Give a log's events until it is over; close it then, or when the reader goes before."""
        state = self._state
        ends_at = state.clock() + query.seconds
        shown = seen = 0
        end: LogEnd | None = None
        try:
            while end is None:
                await self._sleep(min(_READ_EVERY, max(0.0, ends_at - state.clock())))
                if state.clock() >= ends_at:
                    end = LogEnd.TIME
                read = await self._read(log_id)
                if read is None:
                    end = LogEnd.RELAY_NOT_ANSWERING
                    break
                if read.end is not None:
                    end = LogEnd(read.end)
                seen += sum(1 + frame.passed_over for frame in read.frames) + read.passed_over
                for frame in read.frames[: query.limit - shown]:
                    shown += 1
                    yield _event("frame", self._view(frame))
                if shown == query.limit:
                    end = LogEnd.LIMIT
            yield _event("end", FrameLogOver(reason=end, shown=shown, passed_over=seen - shown))
        finally:
            with suppress(RelayNotAnsweringError):
                await state.ask(
                    CloseFrameLog(command_id=state.next_command_id(), log_id=log_id), Answer
                )

    async def _read(self, log_id: int) -> FramesAnswer | None:
        command = ReadFrameLog(command_id=self._state.next_command_id(), log_id=log_id)
        try:
            return await self._state.ask(command, FramesAnswer)
        except RelayNotAnsweringError:
            return None

    def _view(self, frame: FrameLogged) -> LoggedFrame:
        moment = frame.at + self._state.configuration.wall_clock_offset
        return LoggedFrame(
            at=datetime.fromtimestamp(moment, UTC),
            direction=frame.direction,
            peer_id=frame.peer,
            cast=frame.cast,
            dropped=frame.dropped,
            destinations=frame.destinations,
            length=frame.length,
            piece_offset=frame.piece_offset,
            destination_mac=frame.destination,
            source_mac=frame.source,
            ethertype=None if frame.ethertype is None else f"0x{frame.ethertype:04x}",
            vlan=frame.vlan,
            source_address=frame.source_address,
            destination_address=frame.destination_address,
            protocol=frame.protocol,
            source_port=frame.source_port,
            destination_port=frame.destination_port,
            arp=frame.arp,
            passed_over=frame.passed_over,
        )


def _event(name: str, data: BaseModel) -> bytes:
    return format_sse_event(event=name, data_str=data.model_dump_json(exclude_none=True))
