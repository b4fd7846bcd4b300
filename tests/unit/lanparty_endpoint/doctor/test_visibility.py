"""Who sees this machine's broadcasts, how fast, and what stopped them."""

from ipaddress import IPv4Address
from typing import Any

import pytest

from lanparty_client_core import SessionState
from lanparty_ctrl import Role
from lanparty_endpoint.doctor import (
    FriendFacts,
    Outcome,
    SeenByFacts,
    SeenFacts,
    SessionFacts,
    judge_own_firewall,
    judge_seen_by,
    sights,
)
from lanparty_ethernet import Hearing

BOB = FriendFacts(peer_id=2, name="bob", role=Role.CLIENT)
GATE = FriendFacts(peer_id=3, name="gate", role=Role.GATEWAY)


def session(*friends: FriendFacts, **changed: Any) -> SessionFacts:
    usual: dict[str, Any] = {
        "state": SessionState.JOINED,
        "sentence": "",
        "interface": "lan0",
        "mac": "02:00:5e:10:00:01",
        "friends": friends,
    }
    return SessionFacts(**(usual | changed))


def answers(*seen: SeenFacts) -> SeenByFacts:
    return SeenByFacts(asked=3, source=IPv4Address("10.77.3.1"), seen=seen)


def seen(**facts: Any) -> SeenFacts:
    return SeenFacts(peer_id=2, **facts)


@pytest.mark.parametrize(
    ("facts", "outcome", "figure"),
    [
        (
            seen(frame_after=0.012, datagram_after=0.013, hearing=Hearing.LISTENING),
            Outcome.OK,
            "softlan in 12.0 ms, a program in 13.0 ms",
        ),
        (
            seen(datagram_after=0.013, hearing=Hearing.LISTENING),
            Outcome.OK,
            "a program in 13.0 ms",
        ),
        (
            seen(frame_after=0.012, hearing=Hearing.LISTENING),
            Outcome.FAILED,
            "softlan in 12.0 ms, but their firewall stops it",
        ),
        (
            seen(frame_after=0.012, hearing=Hearing.NO_HOST),
            Outcome.OK,
            "softlan in 12.0 ms; no computer behind it",
        ),
        (
            seen(frame_after=0.012, hearing=Hearing.DEAF),
            Outcome.WARNING,
            "softlan in 12.0 ms; UDP port 8875 is another program's there",
        ),
        (
            seen(frame_after=0.012),
            Outcome.WARNING,
            "softlan in 12.0 ms; it doesn't say more",
        ),
        (None, Outcome.FAILED, "didn't reach softlan, or the answer got lost"),
    ],
)
def test_each_answer_says_what_saw_it_how_fast_and_what_stopped_it(
    facts: SeenFacts | None, outcome: Outcome, figure: str
) -> None:
    [sight] = sights((BOB,), answers(*([facts] if facts else [])))
    assert (sight.outcome, sight.figure) == (outcome, figure)
    assert bool(sight.advice) == (outcome is Outcome.FAILED)


def test_a_gateway_that_does_not_answer_is_no_failure() -> None:
    [sight] = sights((GATE,), answers())
    assert sight.outcome is Outcome.SKIPPED


def test_a_gateway_that_does_not_answer_is_not_counted() -> None:
    healthy = seen(frame_after=0.012, datagram_after=0.012, hearing=Hearing.LISTENING)
    assert judge_seen_by(session(BOB, GATE), answers(healthy)).figure == "1 of 1 see you"
    alone = judge_seen_by(session(GATE), answers())
    assert (alone.outcome, alone.figure) == (Outcome.SKIPPED, "0 of 0 see you")


def test_the_friend_whose_firewall_stops_it_is_named_with_what_to_do() -> None:
    eve = FriendFacts(peer_id=4, name="eve", role=Role.CLIENT)
    result = judge_seen_by(
        session(BOB, eve),
        answers(
            seen(frame_after=0.012, hearing=Hearing.LISTENING),
            SeenFacts(peer_id=4, frame_after=0.02, datagram_after=0.02, hearing=Hearing.LISTENING),
        ),
    )
    assert (result.outcome, result.figure) == (Outcome.FAILED, "1 of 2 see you, not bob")
    assert "bob's firewall drops broadcasts" in result.advice
    assert "eve" not in result.advice


def test_everybody_sees_it() -> None:
    healthy = seen(frame_after=0.012, datagram_after=0.012, hearing=Hearing.LISTENING)
    result = judge_seen_by(session(BOB), answers(healthy))
    assert (result.outcome, result.figure, result.advice) == (Outcome.OK, "1 of 1 see you", "")


def test_answers_of_nobodys_are_not_shown() -> None:
    assert not sights((), answers(seen(frame_after=0.01)))


@pytest.mark.parametrize(
    ("facts", "asked"),
    [
        (None, None),
        (session(BOB, state=SessionState.RECONNECTING), answers()),
        (session(BOB), None),
        (session(), answers()),
    ],
    ids=["no session", "not in the room", "not asked", "alone"],
)
def test_where_nobody_can_be_asked_it_is_skipped(
    facts: SessionFacts | None, asked: SeenByFacts | None
) -> None:
    assert judge_seen_by(facts, asked).outcome is Outcome.SKIPPED


@pytest.mark.parametrize(
    ("hearing", "hears", "outcome"),
    [
        (Hearing.LISTENING, True, Outcome.OK),
        (Hearing.LISTENING, False, Outcome.FAILED),
        (Hearing.LISTENING, None, Outcome.SKIPPED),
        (Hearing.DEAF, None, Outcome.WARNING),
        (Hearing.NO_HOST, None, Outcome.SKIPPED),
    ],
)
def test_the_own_firewall_is_judged_by_what_came_through_it(
    hearing: Hearing, hears: bool | None, outcome: Outcome
) -> None:
    result = judge_own_firewall(session(hearing=hearing, hears_itself=hears))
    assert result.outcome is outcome
    if outcome is Outcome.FAILED:
        assert "allow incoming UDP on lan0" in result.advice


def test_a_gateway_that_has_stopped_says_so_and_what_to_look_for() -> None:
    answered = SeenFacts(peer_id=3, frame_after=0.02, hearing=Hearing.PAUSED)
    [sight] = sights((GATE,), answers(answered))
    assert sight.outcome is Outcome.WARNING
    assert sight.figure == "softlan in 20.0 ms; it has stopped carrying its network's frames"
    assert "lanparty-gateway status" in sight.advice
    assert "out of the bridge" in sight.advice
    assert sight.to_dict()["hearing"] == "paused"
    assert judge_seen_by(session(GATE), answers(answered)).outcome is Outcome.WARNING
