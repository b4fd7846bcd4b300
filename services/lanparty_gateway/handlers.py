"""What a running gateway answers at its local socket beside what every endpoint does."""

import asyncio

from lanparty_client_core import SessionState
from lanparty_endpoint.doctor import SessionFacts
from lanparty_endpoint.examined_session import facts_answer, friends_of
from lanparty_endpoint.handlers import HANDLERS, responder
from lanparty_endpoint.local_server import Answers, Responder
from lanparty_endpoint.recent_lines import RecentLines
from lanparty_endpoint.seen_by import UNSPECIFIED, find_who_sees
from lanparty_gateway.membership import GatewayMembership
from lanparty_gateway.picture import GatewayPicture

__all__ = ["respond_for"]


async def _doctor(membership: GatewayMembership) -> Answers:
    """Give the session's facts, and which relay it is for, in one answer."""
    session = membership.session
    statistics = session and session.statistics
    welcome = session and session.welcome
    facts = SessionFacts(
        state=session.state if session else SessionState.CONNECTING,
        sentence=session.sentence if session else "",
        interface=membership.wish.interface,
        mac=str(membership.lan.own_mac),
        room_mtu=welcome.mtu if welcome else None,
        packet_size=membership.wish.packet_size,
        send_budget=statistics.datagram_budget if statistics else None,
        relay_round_trip=session.round_trip_time if session else None,
        packets_lost=statistics.packets_lost if statistics else 0,
        addresses=membership.own_addresses,
        wants_address=False,
        discovery_routes=False,
        notices=membership.notices,
        hearing=membership.probing.hearing,
        friends=friends_of(session),
    )
    yield facts_answer(facts, membership.wish)


async def _seen_by(membership: GatewayMembership) -> Answers:
    """Ask everybody in the room who sees the gateway."""
    addresses = membership.own_addresses
    facts = await find_who_sees(
        membership.session,
        membership.probing,
        wake=membership.wake,
        source=addresses[0].ip if addresses else UNSPECIFIED,
    )
    yield {"event": "seen_by", "seen_by": facts.model_dump(mode="json")}


def respond_for(
    membership: GatewayMembership, *, owner: int, gone: asyncio.Event, log: RecentLines
) -> Responder:
    """Return what answers the requests to one gateway."""
    handlers = {
        **HANDLERS,
        "doctor": lambda _: _doctor(membership),
        "seen_by": lambda _: _seen_by(membership),
    }
    return responder(GatewayPicture(membership), handlers, owner=owner, gone=gone, log=log)
