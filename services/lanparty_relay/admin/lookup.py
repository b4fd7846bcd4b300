"""Rooms and peers in a path: what they look like there, and the answer when there are none."""

from http import HTTPStatus
from typing import Annotated, Final

from fastapi import Path

from lanparty_ctrl.fields import PublicRoomId
from lanparty_relay.admin.observation import Observation
from lanparty_relay.admin.problems import Problem, problem_responses
from lanparty_relay.admin_link import PeerRecord, RoomRecord

__all__ = ["LOOKUP_RESPONSES", "PeerId", "RoomId", "no_peer", "no_room", "peer_in", "room_in"]

RoomId = Annotated[PublicRoomId, Path(description="A room's public id.", examples=["9f86d081884c"])]
PeerId = Annotated[int, Path(ge=1, le=65_535, description="A peer's id in its room.", examples=[1])]

LOOKUP_RESPONSES: Final = problem_responses(HTTPStatus.NOT_FOUND, HTTPStatus.UNPROCESSABLE_ENTITY)
"""For the `responses` of each route with a room or peer in its path."""


def room_in(seen: Observation, room_id: str) -> RoomRecord:
    """Find a room. Raises the `Problem` that there is none."""
    room = seen.room(room_id)
    if room is None:
        raise no_room(room_id)
    return room


def peer_in(seen: Observation, room_id: str, peer_id: int) -> PeerRecord:
    """Find a peer. Raises the `Problem` that there is no such room or peer."""
    peer = seen.peer(room_in(seen, room_id).room_id, peer_id)
    if peer is None:
        raise no_peer(room_id, peer_id)
    return peer


def no_room(room_id: str) -> Problem:
    """Say that there is no such room."""
    return Problem(HTTPStatus.NOT_FOUND, f"There is no room {room_id}.")


def no_peer(room_id: str, peer_id: int) -> Problem:
    """Say that there is no such peer."""
    return Problem(HTTPStatus.NOT_FOUND, f"There is no peer {peer_id} in room {room_id}.")
