"""The route that tells what happens, as it happens."""

import asyncio
import math
import re
from collections.abc import AsyncIterator, Callable, Iterator
from datetime import UTC, datetime
from http import HTTPStatus
from typing import Annotated, Final

from fastapi import APIRouter, Depends, Header, Query
from fastapi.responses import StreamingResponse
from fastapi.sse import format_sse_event
from pydantic import BaseModel

from lanparty_relay.admin.event_hub import Follower, Heard
from lanparty_relay.admin.event_models import MISSED, MissedEvent
from lanparty_relay.admin.event_query import EventQuery
from lanparty_relay.admin.event_source import (
    KEEP_ALIVE_SECONDS,
    StreamPlaces,
    event_source,
    event_source_responses,
)
from lanparty_relay.admin.paging import leave_out_null
from lanparty_relay.admin.problems import problem_responses
from lanparty_relay.admin.state import RelayState

__all__ = ["events_router"]

_READERS: Final = 32
"""Streams at once: dashboards, scripts, and a page in some tabs."""

_RETRY_MILLISECONDS: Final = 2_000

_FROM_THE_BEGINNING: Final = "0"

_NUMBER: Final = re.compile(r"[0-9]{1,18}")

_EXAMPLE: Final = """\
id: 6924b2c1-41
retry: 2000

event: room_opened
data: {"at":"2026-11-24T20:15:00.125000Z","type":"room_opened","room_id":"9f86d081884c",\
"mtu":1500,"network":"10.171.5.0/24","lasting":false,"peers_limit":null,"expires_at":null}
id: 6924b2c1-42

"""


def events_router(state: RelayState) -> APIRouter:
    """Make the route."""
    router = APIRouter(tags=["events"])
    places = StreamPlaces(_READERS)

    def place() -> Iterator[None]:
        with places.taken():
            yield

    @router.get(
        "/events",
        summary="What happens",
        response_class=StreamingResponse,
        dependencies=[Depends(place)],
        responses={
            **event_source_responses("EventData", _EXAMPLE),
            **problem_responses(HTTPStatus.UNPROCESSABLE_ENTITY, HTTPStatus.TOO_MANY_REQUESTS),
        },
    )
    async def events(
        query: Annotated[EventQuery, Query()],
        last_event_id: Annotated[
            str | None,
            Header(
                alias="Last-Event-ID",
                json_schema_extra=leave_out_null,
                description="Id of the last event that was read: those after it come first; 0 for "
                "all that are kept. Without it only what happens from now on is told.",
            ),
        ] = None,
    ) -> StreamingResponse:
        """Tell what happens to rooms and peers, as server-sent events (WHATWG HTML section 9.2),
        until the reader goes or the relay ends. The latest 1,000 are kept for readers that come
        back. A reader that is too slow or was away too long gets a `missed` event instead of what
        it missed. Rejected hellos, faults and moves that come faster than one a second are summed
        up, without their addresses.
        """  # noqa: D205  the schema shows it as one paragraph
        return event_source(_blocks(_Telling(state, last_event_id), query))

    return router


class _Telling:
    """One reader's place, and how events are written for it."""

    def __init__(self, state: RelayState, last_event_id: str | None) -> None:
        self._state: Final = state
        place = None if last_event_id is None else self._number(last_event_id)
        self.is_lost: Final = last_event_id is not None and place is None
        """The reader has heard events, or claims so, that this relay doesn't know of."""
        self.follower: Final[Follower] = state.events.follow(0 if self.is_lost else place)

    @property
    def clock(self) -> Callable[[], float]:
        return self._state.clock

    def opening(self) -> bytes:
        """Say where the reader is: without data it is no event, but it sets the id (9.2.6)."""
        return format_sse_event(id=self._id(self.follower.place), retry=_RETRY_MILLISECONDS)

    def keep_alive(self) -> bytes:
        """Say nothing, and where the reader is, whatever it doesn't want to hear of."""
        return format_sse_event(comment="nothing new", id=self._id(self.follower.place))

    def missed(self, count: int | None, *, before: int) -> bytes:
        """Say that events before this number are gone; who comes back from here gets that one."""
        now = self._state.clock() + self._state.configuration.wall_clock_offset
        at = datetime.fromtimestamp(round(now, 3), UTC)
        return self._block(MISSED, MissedEvent(at=at, count=count), before - 1)

    def event(self, heard: Heard) -> bytes:
        return self._block(heard.event.type, heard.event, heard.number)

    def _block(self, name: str, data: BaseModel, number: int) -> bytes:
        return format_sse_event(event=name, data_str=data.model_dump_json(), id=self._id(number))

    def _id(self, number: int) -> str:
        return f"{self._epoch}-{number}"

    def _number(self, event_id: str) -> int | None:
        if event_id == _FROM_THE_BEGINNING:
            return 0
        epoch, _, number = event_id.rpartition("-")
        if epoch != self._epoch or not _NUMBER.fullmatch(number):
            return None
        return int(number) if int(number) <= self._state.events.last else None

    @property
    def _epoch(self) -> str:
        """Which run of the relay numbers its events so."""
        configuration = self._state.configuration
        return f"{round(configuration.started_at + configuration.wall_clock_offset):x}"


async def _blocks(telling: _Telling, query: EventQuery) -> AsyncIterator[bytes]:
    follower, clock = telling.follower, telling.clock
    quiet_since = clock()
    end = math.inf if query.timeout is None else quiet_since + query.timeout
    there_already = follower.newest
    left = query.limit
    yield telling.opening()
    if telling.is_lost:
        yield telling.missed(None, before=1)
    while not follower.is_over and left != 0:
        now = clock()
        if now >= end and follower.place >= there_already:
            return
        if now - quiet_since >= KEEP_ALIVE_SECONDS:
            yield telling.keep_alive()
            quiet_since = now
        heard = follower.hear()
        if heard is None:
            await follower.wait(min(quiet_since + KEEP_ALIVE_SECONDS, end) - now)
            continue
        if heard.missed:
            yield telling.missed(heard.missed, before=heard.number)
            quiet_since = now
        if query.wants(heard.event):
            yield telling.event(heard)
            quiet_since = now
            left = None if left is None else left - 1
        await asyncio.sleep(0)  # whoever is told thousands shares the loop with others
