"""The routes about rooms."""

from http import HTTPStatus
from typing import Annotated, Final

from fastapi import APIRouter, Body, Query, Request, Response

from lanparty_relay.admin import models
from lanparty_relay.admin.filters import RoomQuery
from lanparty_relay.admin.lookup import LOOKUP_RESPONSES, RoomId, no_room, room_in
from lanparty_relay.admin.observation import Observer
from lanparty_relay.admin.paging import cut_page
from lanparty_relay.admin.problems import Problem, problem_responses
from lanparty_relay.admin.room_models import NewRoom, RoomChanges, RoomList
from lanparty_relay.admin.state import RelayState
from lanparty_relay.admin.views import view_of_room, view_of_room_with_code
from lanparty_relay.admin_link import ChangeRoom, OpenRoom, RoomAnswer, RoomRecord
from lanparty_relay.core import RoomRefusal

__all__ = ["rooms_router"]

_LIST_RESPONSES: Final = problem_responses(HTTPStatus.UNPROCESSABLE_ENTITY)
_BODY_RESPONSES: Final = problem_responses(
    HTTPStatus.BAD_REQUEST,
    HTTPStatus.CONFLICT,
    HTTPStatus.REQUEST_ENTITY_TOO_LARGE,
    HTTPStatus.UNPROCESSABLE_ENTITY,
)
_CHANGE_RESPONSES: Final = _BODY_RESPONSES | problem_responses(HTTPStatus.NOT_FOUND)
_OPENING_RESPONSES: Final = _BODY_RESPONSES | {
    HTTPStatus.CREATED: {
        "headers": {
            "Location": {
                "description": "The path of the room.",
                "required": True,
                "schema": {"type": "string"},
            }
        }
    }
}


def rooms_router(state: RelayState, observer: Observer) -> APIRouter:
    """Make the routes; `state` carries commands to the relay."""
    router = APIRouter(prefix="/rooms", tags=["rooms"])

    @router.get("", summary="All rooms", responses=_LIST_RESPONSES)
    async def rooms(request: Request, query: Annotated[RoomQuery, Query()]) -> RoomList:
        """List the rooms, in the order in which they were made."""
        seen = await observer.observe()
        page = cut_page(request, query, query.chosen(seen))
        return RoomList(rooms=[view_of_room(seen, room) for room in page.records], next=page.next)

    @router.post(
        "",
        summary="Make a room ahead",
        status_code=HTTPStatus.CREATED,
        response_description="The room is there.",
        responses=_OPENING_RESPONSES,
    )
    async def open_room(
        response: Response, wanted: Annotated[NewRoom, Body(default_factory=NewRoom)]
    ) -> models.Room:
        """Make a room that stays without players, until it is deleted or expires. It outlives
        restarts of the relay.
        """  # noqa: D205  the schema shows it as one paragraph
        answer = await state.ask(_command(wanted, state), RoomAnswer)
        if answer.refusal is not None:
            raise _refusal(answer.refusal, answer.room_id)
        seen = await observer.observe()
        room = seen.room(answer.room_id or "")
        if room is None:
            raise Problem(HTTPStatus.CONFLICT, "The room was made, and closed again at once.")
        response.headers["Location"] = f"/api/v1/rooms/{room.room_id}"
        return view_of_room_with_code(seen, room)

    @router.get("/{room_id}", summary="One room", responses=LOOKUP_RESPONSES)
    async def room(room_id: RoomId) -> models.Room:
        """Show a room with its code."""
        seen = await observer.observe()
        return view_of_room_with_code(seen, room_in(seen, room_id))

    @router.patch(
        "/{room_id}", summary="Change a room that was made ahead", responses=_CHANGE_RESPONSES
    )
    async def change_room(room_id: RoomId, changes: RoomChanges) -> models.Room:
        """Give it another limit or another end (a merge patch, RFC 7396). Code and MTU stay as
        long as the room lives.
        """  # noqa: D205  the schema shows it as one paragraph
        present = room_in(await observer.observe(), room_id)
        answer = await state.ask(_change(present, changes, state), RoomAnswer)
        if answer.refusal is not None:
            raise _refusal(answer.refusal, room_id)
        seen = await observer.observe()
        return view_of_room_with_code(seen, room_in(seen, room_id))

    @router.delete(
        "/{room_id}",
        summary="Close a room",
        status_code=HTTPStatus.NO_CONTENT,
        response_description="The room is closed.",
        responses=LOOKUP_RESPONSES,
    )
    async def close_room(room_id: RoomId) -> None:
        """Send its peers away for good (`room_closed`). Answers when it is done."""
        if not await state.close_room(room_id):
            raise no_room(room_id)

    return router


def _command(wanted: NewRoom, state: RelayState) -> OpenRoom:
    return OpenRoom(
        command_id=state.next_command_id(),
        code=wanted.code,
        mtu=wanted.mtu,
        peers_limit=wanted.peers_limit,
        expires_at=_end_of(wanted.expires_in_seconds, state),
    )


def _change(room: RoomRecord, changes: RoomChanges, state: RelayState) -> ChangeRoom:
    peers_limit, expires_at = room.peers_limit, room.expires_at
    if "peers_limit" in changes.model_fields_set:
        peers_limit = changes.peers_limit
    if "expires_in_seconds" in changes.model_fields_set:
        expires_at = _end_of(changes.expires_in_seconds, state)
    return ChangeRoom(
        command_id=state.next_command_id(),
        room_id=room.room_id,
        peers_limit=peers_limit,
        expires_at=expires_at,
    )


def _end_of(lifetime: int | None, state: RelayState) -> float | None:
    return None if lifetime is None else state.clock() + lifetime


def _refusal(refusal: RoomRefusal, room_id: str | None) -> Problem:
    match refusal:
        case RoomRefusal.NO_SUCH_ROOM:
            return no_room(room_id or "")
        case RoomRefusal.MADE_BY_PLAYERS:
            return Problem(
                HTTPStatus.CONFLICT,
                f"Room {room_id} was made by players and goes with the last of them: only rooms "
                "made ahead can be changed.",
                members={"reason": refusal.value, "room_id": room_id},
            )
        case RoomRefusal.CODE_IN_USE:
            return Problem(
                HTTPStatus.CONFLICT,
                f"Room {room_id} has this code already: use that one, or choose another code.",
                members={"reason": refusal.value, "room_id": room_id},
            )
        case RoomRefusal.ROOM_LIMIT:
            return Problem(
                HTTPStatus.CONFLICT,
                "The relay has as many rooms as it may: delete one, or start it with more --rooms.",
                members={"reason": refusal.value},
            )
