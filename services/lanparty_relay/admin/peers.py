"""The routes about the endpoints in rooms."""

from http import HTTPStatus
from typing import Annotated, Final

from fastapi import APIRouter, Query, Request

from lanparty_relay.admin import models
from lanparty_relay.admin.filters import PeerQuery
from lanparty_relay.admin.lookup import LOOKUP_RESPONSES, PeerId, RoomId, no_peer, peer_in, room_in
from lanparty_relay.admin.observation import Observer
from lanparty_relay.admin.paging import cut_page
from lanparty_relay.admin.problems import problem_responses
from lanparty_relay.admin.room_models import PeerList
from lanparty_relay.admin.state import RelayState
from lanparty_relay.admin.views import view_of_peer

__all__ = ["peers_router"]

_LIST_RESPONSES: Final = problem_responses(HTTPStatus.UNPROCESSABLE_ENTITY)


def peers_router(state: RelayState, observer: Observer) -> APIRouter:
    """Make the routes; `state` carries commands to the relay."""
    router = APIRouter(tags=["peers"])

    @router.get("/peers", summary="The peers in all rooms", responses=_LIST_RESPONSES)
    async def all_peers(request: Request, query: Annotated[PeerQuery, Query()]) -> PeerList:
        """List the endpoints in all rooms, in the order in which they joined."""
        seen = await observer.observe()
        in_order = sorted(query.chosen(seen.peers()), key=lambda peer: peer.serial)
        page = cut_page(request, query, in_order)
        return PeerList(peers=[view_of_peer(seen, peer) for peer in page.records], next=page.next)

    @router.get("/rooms/{room_id}/peers", summary="The peers in a room", responses=LOOKUP_RESPONSES)
    async def peers(
        request: Request, room_id: RoomId, query: Annotated[PeerQuery, Query()]
    ) -> PeerList:
        """List the endpoints in a room, in the order in which they joined."""
        seen = await observer.observe()
        in_room = seen.peers_by_room[room_in(seen, room_id).room_id]
        page = cut_page(request, query, query.chosen(in_room))
        return PeerList(peers=[view_of_peer(seen, peer) for peer in page.records], next=page.next)

    @router.get("/rooms/{room_id}/peers/{peer_id}", summary="One peer", responses=LOOKUP_RESPONSES)
    async def peer(room_id: RoomId, peer_id: PeerId) -> models.Peer:
        """Show an endpoint with its counters."""
        seen = await observer.observe()
        return view_of_peer(seen, peer_in(seen, room_id, peer_id))

    @router.delete(
        "/rooms/{room_id}/peers/{peer_id}",
        summary="Kick a peer",
        status_code=HTTPStatus.NO_CONTENT,
        response_description="The peer is out of the room.",
        responses=LOOKUP_RESPONSES,
    )
    async def kick(room_id: RoomId, peer_id: PeerId) -> None:
        """Send an endpoint away; it doesn't come back by itself. Answers when it is done."""
        if not await state.kick(room_id, peer_id):
            raise no_peer(room_id, peer_id)

    return router
