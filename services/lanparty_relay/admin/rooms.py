"""The routes about rooms and the peers in them."""

from http import HTTPStatus
from typing import Annotated, Final

from fastapi import APIRouter, Path

from lanparty_ctrl.fields import PublicRoomId
from lanparty_relay.admin import models
from lanparty_relay.admin.observation import Observation, Observer
from lanparty_relay.admin.problems import Problem, problem_responses
from lanparty_relay.admin.state import RelayState
from lanparty_relay.admin.views import view_of_peer, view_of_room, view_of_room_with_code
from lanparty_relay.admin_link import PeerRecord, RoomRecord

__all__ = ["rooms_router"]

RoomId = Annotated[PublicRoomId, Path(description="A room's public id.", examples=["9f86d081884c"])]
PeerId = Annotated[int, Path(ge=1, le=65_535, description="A peer's id in its room.", examples=[1])]

_LOOKUP: Final = problem_responses(HTTPStatus.NOT_FOUND, HTTPStatus.UNPROCESSABLE_ENTITY)


def rooms_router(state: RelayState, observer: Observer) -> APIRouter:
    """Make the routes; `state` carries commands to the relay."""
    router = APIRouter(prefix="/rooms", tags=["rooms"])

    @router.get("", summary="All rooms")
    async def rooms() -> models.RoomList:
        """List the rooms, in the order in which they were made."""
        seen = await observer.observe()
        return models.RoomList(rooms=[view_of_room(seen, room) for room in seen.rooms])

    @router.get("/{room_id}", summary="One room", responses=_LOOKUP)
    async def room(room_id: RoomId) -> models.Room:
        """Show a room with its code."""
        seen = await observer.observe()
        return view_of_room_with_code(seen, _room(seen, room_id))

    @router.delete(
        "/{room_id}",
        summary="Close a room",
        status_code=HTTPStatus.NO_CONTENT,
        response_description="The room is closed.",
        responses=_LOOKUP,
    )
    async def close_room(room_id: RoomId) -> None:
        """Send its peers away for good (`room_closed`). Answers when it is done."""
        if not await state.close_room(room_id):
            raise _no_room(room_id)

    @router.get("/{room_id}/peers", summary="The peers in a room", responses=_LOOKUP)
    async def peers(room_id: RoomId) -> models.PeerList:
        """List the endpoints in a room, in the order in which they joined."""
        seen = await observer.observe()
        found = seen.peers_by_room[_room(seen, room_id).room_id]
        return models.PeerList(peers=[view_of_peer(seen, peer) for peer in found])

    @router.get("/{room_id}/peers/{peer_id}", summary="One peer", responses=_LOOKUP)
    async def peer(room_id: RoomId, peer_id: PeerId) -> models.Peer:
        """Show an endpoint with its counters."""
        seen = await observer.observe()
        return view_of_peer(seen, _peer(seen, room_id, peer_id))

    @router.delete(
        "/{room_id}/peers/{peer_id}",
        summary="Kick a peer",
        status_code=HTTPStatus.NO_CONTENT,
        response_description="The peer is out of the room.",
        responses=_LOOKUP,
    )
    async def kick(room_id: RoomId, peer_id: PeerId) -> None:
        """Send an endpoint away; it doesn't come back by itself. Answers when it is done."""
        if not await state.kick(room_id, peer_id):
            raise _no_peer(room_id, peer_id)

    return router


def _room(seen: Observation, room_id: str) -> RoomRecord:
    room = seen.room(room_id)
    if room is None:
        raise _no_room(room_id)
    return room


def _peer(seen: Observation, room_id: str, peer_id: int) -> PeerRecord:
    peer = seen.peer(_room(seen, room_id).room_id, peer_id)
    if peer is None:
        raise _no_peer(room_id, peer_id)
    return peer


def _no_room(room_id: str) -> Problem:
    return Problem(HTTPStatus.NOT_FOUND, f"There is no room {room_id}.")


def _no_peer(room_id: str, peer_id: int) -> Problem:
    return Problem(HTTPStatus.NOT_FOUND, f"There is no peer {peer_id} in room {room_id}.")
