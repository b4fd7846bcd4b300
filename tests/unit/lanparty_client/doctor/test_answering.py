"""What a running session answers to `ping`, `seen_by` and `doctor`, between two stations."""

import asyncio
from collections.abc import AsyncGenerator, Mapping
from ipaddress import IPv4Address, IPv4Interface
from types import SimpleNamespace
from typing import Any, cast

import pytest

from lanparty_client.addressing import OwnLanResult
from lanparty_client.doctor.answering import (
    Examined,
    answer_doctor,
    answer_ping,
    answer_seen_by,
)
from lanparty_client.wish import JoinWish
from lanparty_client_core import InMemoryPort, SessionState
from lanparty_command import RelayAddress
from lanparty_ctrl import PeerJoined, Role
from lanparty_endpoint.doctor import SeenByFacts, SessionFacts
from lanparty_endpoint.local_requests import RequestRefused
from lanparty_endpoint.probing import ProbeStation
from lanparty_ethernet import ETHERTYPE_PROBE, Hearing
from lanparty_proto import MacAddress

ME = MacAddress.parse("02:00:5e:10:00:01")
BOB = MacAddress.parse("02:00:5e:10:00:02")
MY_ID, BOB_ID, GATE_ID = 1, 2, 3
MEMBERS = {
    BOB_ID: PeerJoined(peer_id=BOB_ID, role=Role.CLIENT, mac=BOB, name="bob"),
    GATE_ID: PeerJoined(peer_id=GATE_ID, role=Role.GATEWAY, name="gate"),
}


class Segment:
    """My endpoint, and bob's station at the other end of a wire without length."""

    def __init__(self, state: SessionState = SessionState.JOINED) -> None:
        self.bob = ProbeStation(BOB, relay_round_trip=lambda: 0.002, hearing=Hearing.LISTENING)
        self.probing = ProbeStation(ME, relay_round_trip=lambda: 0.001)
        self.session = SimpleNamespace(
            state=state,
            sentence="The relay doesn't answer.",
            members=dict(MEMBERS),
            round_trip_time=0.001,
            shortest_round_trip=0.001,
            statistics=None,
            welcome=None,
        )
        self.wish = JoinWish(relay=RelayAddress("relay.example", 443), name="me")
        self.seen = SimpleNamespace(addresses={BOB: IPv4Address("192.168.7.7")})
        self.listening = None
        self.interface = SimpleNamespace(
            mac=ME,
            ground=SimpleNamespace(port=InMemoryPort()),
            addressing=SimpleNamespace(
                addresses=(IPv4Interface("10.77.3.1/24"),),
                own_lan=OwnLanResult.FOUND,
                notices=("Look out.",),
            ),
        )

    def wake(self) -> None:
        asyncio.get_running_loop().call_soon(self._turn)

    def _turn(self) -> None:
        now = asyncio.get_running_loop().time()
        for frame in self.probing.frames_to_send(now=now):
            if frame[12:14] == ETHERTYPE_PROBE.to_bytes(2):
                self.bob.receive_frame(frame, source=MY_ID, now=now)
            else:
                self.bob.receive_datagram(frame[42:], now=now)
        for frame in self.bob.frames_to_send(now=now):
            self.probing.receive_frame(frame, source=BOB_ID, now=now)


async def taken(answers: AsyncGenerator[Mapping[str, object], None]) -> list[dict[str, Any]]:
    return [dict(answer) async for answer in answers]


def examined(segment: Segment) -> Examined:
    return cast("Examined", segment)


@pytest.mark.parametrize("said", ["bob", "2", "192.168.7.7"])
async def test_an_echo_brings_its_time_and_both_ways_to_the_relay(said: str) -> None:
    request = {"player": said, "count": 1}
    begun, reply = await taken(answer_ping(examined(Segment()), request))
    assert begun == {"event": "pinging", "player": "bob", "peer_id": BOB_ID}
    assert (reply["event"], reply["sequence"]) == ("reply", 1)
    assert 0 <= reply["seconds"] < 1
    assert (reply["relay_seconds"], reply["friend_relay_seconds"]) == (0.001, 0.002)


@pytest.mark.parametrize(
    ("said", "sentence"),
    [
        ("mallory", "Nobody in the room is called 'mallory'"),
        (None, "Nobody in the room is called"),
        (" Me ", "That is you"),
        ("gate", "gate is the gateway to a local network"),
    ],
)
async def test_who_can_not_be_pinged_is_a_sentence(said: object, sentence: str) -> None:
    with pytest.raises(RequestRefused, match=sentence):
        await taken(answer_ping(examined(Segment()), {"player": said}))


async def test_a_player_that_leaves_ends_the_ping() -> None:
    segment = Segment()
    answers = answer_ping(examined(segment), {"player": "bob", "count": 5})
    assert (await anext(answers))["event"] == "pinging"
    del segment.session.members[BOB_ID]
    with pytest.raises(RequestRefused, match="left the room"):
        await anext(answers)


@pytest.mark.parametrize("answer", [answer_seen_by, lambda endpoint: answer_ping(endpoint, {})])
async def test_outside_of_the_room_nobody_can_be_asked(answer: Any) -> None:
    segment = Segment(SessionState.RECONNECTING)
    with pytest.raises(RequestRefused, match=r"not in the room .* The relay doesn't answer"):
        await taken(answer(examined(segment)))


async def test_everybody_is_asked_a_few_times_and_the_fastest_answers_count() -> None:
    [answer] = await taken(answer_seen_by(examined(Segment()), interval=0.01))
    facts = SeenByFacts.model_validate(answer["seen_by"])
    assert (facts.asked, facts.source) == (3, IPv4Address("10.77.3.1"))
    [seen] = facts.seen
    assert (seen.peer_id, seen.hearing) == (BOB_ID, Hearing.LISTENING)
    assert seen.frame_after is not None
    assert seen.datagram_after is not None


async def test_the_facts_of_a_session_come_with_its_relay() -> None:
    [answer] = await taken(answer_doctor(examined(Segment())))
    assert answer["relay"] == "relay.example:443"
    assert (answer["pin"], answer["authorities"]) == (None, None)
    facts = SessionFacts.model_validate(answer["session"])
    assert facts.state is SessionState.JOINED
    assert facts.own_lan is True
    assert facts.notices == ("Look out.",)
    assert facts.hears_itself is None, "nothing listens here"
    assert [friend.name for friend in facts.friends] == ["bob", "gate"]
