"""What a running session answers to `doctor` and `ping`, over its local socket."""

import asyncio
import secrets
from collections.abc import AsyncGenerator, Mapping
from functools import partial
from ipaddress import IPv4Address, IPv4Interface
from typing import Any, Final, Protocol

from lanparty_client.addressing import Addressing, AddressMode, OwnLanResult
from lanparty_client.doctor.listening import OrdinarySocket
from lanparty_client.room_interface import RoomInterface
from lanparty_client.wish import JoinWish
from lanparty_client_core import LastingSession, SessionState
from lanparty_ctrl import Role
from lanparty_endpoint.doctor import SessionFacts
from lanparty_endpoint.examined_session import facts_answer, friends_of
from lanparty_endpoint.local_requests import RequestRefused
from lanparty_endpoint.members_seen import MembersSeen
from lanparty_endpoint.probing import (
    PlayerNotFoundError,
    ProbeAnswer,
    ProbeStation,
    TooManyQuestionsError,
    find_member,
)
from lanparty_endpoint.seen_by import (
    SEEN_BY_INTERVAL,
    UNSPECIFIED,
    find_who_sees,
    joined_session,
)
from lanparty_ethernet import Hearing, Probe, ProbeKind, broadcast_datagram
from lanparty_proto import MacAddress

__all__ = ["Examined", "answer_doctor", "answer_ping", "answer_seen_by"]

Answers = AsyncGenerator[Mapping[str, object], None]

_HEARS_WITHIN: Final = 1.0
"""Seconds for a broadcast through the kernel of this machine."""
_HEARING_TRIES: Final = 2
_ECHO_INTERVAL: Final = 1.0
_ECHO_WITHIN: Final = 2.0
"""Seconds after which an echo counts as lost: no game waits that long."""
_MOST_ECHOES: Final = 1_000_000


class Examined(Protocol):
    """As much of a running membership as the doctor looks at."""

    @property
    def wish(self) -> JoinWish: ...  # noqa: D102  as Membership says

    @property
    def session(self) -> LastingSession | None: ...  # noqa: D102

    @property
    def interface(self) -> RoomInterface: ...  # noqa: D102

    @property
    def seen(self) -> MembersSeen: ...  # noqa: D102

    @property
    def probing(self) -> ProbeStation: ...  # noqa: D102

    @property
    def listening(self) -> OrdinarySocket: ...  # noqa: D102

    def wake(self) -> None: ...  # noqa: D102


async def answer_doctor(endpoint: Examined) -> Answers:
    """Give the session's facts, and which relay it is for, in one answer."""
    wish, session, addressing = endpoint.wish, endpoint.session, endpoint.interface.addressing
    statistics = session and session.statistics
    welcome = session and session.welcome
    facts = SessionFacts(
        state=session.state if session else SessionState.CONNECTING,
        sentence=session.sentence if session else "",
        interface=wish.interface,
        mac=str(endpoint.interface.mac),
        room_mtu=welcome.mtu if welcome else None,
        packet_size=wish.packet_size,
        send_budget=statistics.datagram_budget if statistics else None,
        relay_round_trip=session.round_trip_time if session else None,
        packets_lost=statistics.packets_lost if statistics else 0,
        addresses=addressing.addresses,
        wants_address=wish.address.mode is not AddressMode.NONE,
        discovery_routes=wish.discovery_routes,
        own_lan=_own_lan(addressing),
        notices=addressing.notices,
        hearing=endpoint.probing.hearing,
        hears_itself=await _hears_itself(endpoint),
        friends=friends_of(session),
    )
    yield facts_answer(facts, wish)


def _own_lan(addressing: Addressing) -> bool | None:
    results = {OwnLanResult.FOUND: True, OwnLanResult.CLEAR: False}
    return results.get(addressing.own_lan)


async def _hears_itself(endpoint: Examined) -> bool | None:
    """Put a broadcast into the interface, as if the room had sent it; None if that's no test."""
    addresses = endpoint.interface.addressing.addresses
    if endpoint.probing.hearing is not Hearing.LISTENING or not addresses:
        return None
    own = addresses[0]
    # From an address of nobody's, made up like a client's: locally administered, unicast.
    sender = MacAddress(bytes([0x02]) + secrets.token_bytes(5))
    for _ in range(_HEARING_TRIES):
        probe = Probe(kind=ProbeKind.SEEN_BY, nonce=secrets.randbits(64))
        frame = broadcast_datagram(probe, source=sender, address=_neighbour_of(own))
        put_in = partial(endpoint.interface.ground.port.write_frames, [frame])
        if await endpoint.listening.hears(probe.nonce, put_in, limit=_HEARS_WITHIN):
            return True
    return False


def _neighbour_of(own: IPv4Interface) -> IPv4Address:
    """Choose another address of the same network; a foreign one would be dropped by rp_filter."""
    last = own.network.broadcast_address - 1
    return last if last != own.ip else own.ip - 1


async def answer_seen_by(endpoint: Examined, *, interval: float = SEEN_BY_INTERVAL) -> Answers:
    """Ask everybody in the room a few times, `interval` s apart, who sees this machine.

    There is one answer: what came back.
    """
    addresses = endpoint.interface.addressing.addresses
    facts = await find_who_sees(
        endpoint.session,
        endpoint.probing,
        wake=endpoint.wake,
        source=addresses[0].ip if addresses else UNSPECIFIED,
        interval=interval,
    )
    yield {"event": "seen_by", "seen_by": facts.model_dump(mode="json")}


async def answer_ping(endpoint: Examined, request: Mapping[str, Any]) -> Answers:
    """Echo with the `player` of the request, `count` times or for ever.

    There is an answer at the start and one for each echo. Any: JSON that nobody has judged yet.
    """
    session = joined_session(endpoint.session)
    try:
        member = find_member(
            str(request.get("player", "")),
            session.members.values(),
            seen=endpoint.seen.addresses,
        )
    except PlayerNotFoundError as error:
        if str(request.get("player", "")).strip().casefold() == endpoint.wish.name.casefold():
            raise RequestRefused("That is you. Write another player's name.") from error
        raise RequestRefused(str(error)) from error
    if member.mac is None or member.role is Role.GATEWAY:
        raise RequestRefused(
            f"{member.name} is the gateway to a local network and has no address of its own. Ping "
            "a machine behind it with the system's own ping."
        )
    count = request.get("count")
    wanted = count if isinstance(count, int) and 0 < count < _MOST_ECHOES else _MOST_ECHOES
    yield {"event": "pinging", "player": member.name, "peer_id": member.peer_id}
    loop = asyncio.get_running_loop()
    for sequence in range(1, wanted + 1):
        began = loop.time()
        yield await _echo(endpoint, member.peer_id, MacAddress.parse(str(member.mac)), sequence)
        if sequence < wanted:
            await asyncio.sleep(began + _ECHO_INTERVAL - loop.time())


async def _echo(
    endpoint: Examined, peer_id: int, mac: MacAddress, sequence: int
) -> Mapping[str, object]:
    session, loop, nonce = endpoint.session, asyncio.get_running_loop(), secrets.randbits(64)
    assert session is not None, "there is one from the first answer on"
    if session.state is SessionState.JOINED and peer_id not in session.members:
        raise RequestRefused("That player has left the room.")
    answered: asyncio.Future[ProbeAnswer] = loop.create_future()

    def note(answer: ProbeAnswer) -> None:
        if not answered.done():
            answered.set_result(answer)

    try:
        endpoint.probing.ask_echo(mac, nonce=nonce, heard=note, now=loop.time())
        endpoint.wake()
        async with asyncio.timeout(_ECHO_WITHIN):
            answer = await answered
    except TooManyQuestionsError as error:
        raise RequestRefused(str(error)) from error
    except TimeoutError:
        return {"event": "lost", "sequence": sequence}
    finally:
        endpoint.probing.forget(nonce)
    return {
        "event": "reply",
        "sequence": sequence,
        "seconds": answer.after,
        "relay_seconds": session.shortest_round_trip,
        "friend_relay_seconds": answer.relay_round_trip,
    }
