"""What the doctor says of packet size, delay, jitter and loss."""

from typing import Any

import pytest

from lanparty_client_core import SessionState
from lanparty_endpoint.doctor import (
    Outcome,
    PathFacts,
    SessionFacts,
    judge_mtu,
    judge_quality,
)


def session(**changed: Any) -> SessionFacts:
    return SessionFacts(
        state=SessionState.JOINED,
        sentence="",
        interface="lan0",
        mac="02:00:5e:10:00:01",
        room_mtu=1_500,
        **changed,
    )


def test_the_largest_packet_and_what_it_means_for_a_full_frame() -> None:
    path = PathFacts(largest_packet=1_472, sizes_tried=(1_200, 1_472))
    assert judge_mtu(path, None).figure == "1,472 bytes get through"
    assert judge_mtu(path, session(send_budget=1_170)).figure.endswith("go in two pieces")
    assert judge_mtu(path, session(send_budget=1_522)).figure.endswith("go whole")
    assert judge_mtu(path, session(send_budget=1_521)).figure.endswith("go in two pieces")


def test_a_limit_that_the_user_set_is_told_beside_what_gets_through() -> None:
    path = PathFacts(largest_packet=1_472, sizes_tried=(1_200, 1_472))
    limited = judge_mtu(path, session(send_budget=1_170, packet_size=1_200))
    assert limited.figure == (
        "1,472 bytes get through, full frames go in two pieces, you limited them to 1,200"
    )
    assert limited.details["packet_size"] == 1_200


def test_a_narrow_way_is_worth_a_word() -> None:
    result = judge_mtu(PathFacts(largest_packet=1_200), None)
    assert result.outcome is Outcome.WARNING
    assert "VPN" in result.advice


def test_where_no_packet_passes_neither_is_judged() -> None:
    assert judge_mtu(PathFacts(), None).outcome is Outcome.SKIPPED
    assert judge_quality(PathFacts(sent=50), None).outcome is Outcome.SKIPPED


def test_delay_jitter_and_loss_are_counted() -> None:
    path = PathFacts(sent=4, round_trips=(0.010, 0.012, 0.010, 0.014))
    result = judge_quality(path, None)
    assert result.outcome is Outcome.OK
    assert result.figure == "11.0 ms, jitter 2.7 ms, 0% of 4 lost"


@pytest.mark.parametrize(
    ("answered", "outcome"), [(50, Outcome.OK), (49, Outcome.WARNING), (45, Outcome.FAILED)]
)
def test_loss_is_judged_by_its_share(answered: int, outcome: Outcome) -> None:
    path = PathFacts(sent=50, round_trips=(0.01,) * answered)
    assert judge_quality(path, None).outcome is outcome


def test_a_single_answer_has_no_jitter() -> None:
    assert judge_quality(PathFacts(sent=1, round_trips=(0.01,)), None).details["jitter"] == 0.0


def test_a_restless_or_long_way_is_worth_a_word() -> None:
    restless = PathFacts(sent=4, round_trips=(0.01, 0.09, 0.01, 0.09))
    assert "changes a lot" in judge_quality(restless, None).advice
    far = PathFacts(sent=2, round_trips=(0.2, 0.2))
    assert "far away" in judge_quality(far, None).advice
