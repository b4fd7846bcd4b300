"""What the doctor says of a running gateway."""

from typing import Any

import pytest

from lanparty_endpoint.doctor import CheckResult, Outcome
from lanparty_gateway.doctor_checks import GatewayCheck, judge_forwarding, results_told
from lanparty_gateway.preflight import PreflightCheck


def status(phase: str = "forwarding", **changed: object) -> dict[str, Any]:
    return {
        "state": "joined",
        "forwarding": {"phase": phase, "reason": None, "sentence": ""},
        "lan_to_room": {"forwarded": 5},
        "room_to_lan": {"forwarded": 6},
        "lan": {"port": {"kernel_drops": 0, "frames_read": 100}},
    } | changed


def outcome(of: dict[str, Any]) -> Outcome:
    return judge_forwarding(of)[0].outcome


def test_a_gateway_that_forwards_is_fine() -> None:
    results = judge_forwarding(status())
    assert [result.outcome for result in results] == [Outcome.OK, Outcome.OK]
    assert results[0].figure == "5 frames to the room, 6 to the LAN"


@pytest.mark.parametrize("phase", ["stopped", "not_joined", "link_down"])
def test_a_gateway_that_does_not_forward_has_failed(phase: str) -> None:
    assert outcome(status(phase)) is Outcome.FAILED


def test_a_gateway_that_still_looks_is_no_failure() -> None:
    assert outcome(status("checking")) is Outcome.WARNING


def test_a_standby_that_waits_is_fine() -> None:
    assert outcome(status("not_joined", state="waiting")) is Outcome.OK


def test_a_stop_says_the_bridges_own_sentence() -> None:
    stopped = {"phase": "stopped", "reason": "loop", "sentence": "loop: a cable too many."}
    [result, _] = judge_forwarding(status(forwarding=stopped))
    assert result.advice == "loop: a cable too many."
    assert "loop" in result.figure


def test_frames_lost_in_the_kernel_are_worth_a_look_when_they_are_many() -> None:
    few = {"port": {"kernel_drops": 1, "frames_read": 10_000}}
    many = {"port": {"kernel_drops": 100, "frames_read": 10_000}}
    assert judge_forwarding(status(lan=few))[1].outcome is Outcome.OK
    assert judge_forwarding(status(lan=many))[1].outcome is Outcome.WARNING


def test_without_a_gateway_there_is_nothing_to_look_at() -> None:
    results = judge_forwarding(None)
    assert [result.check for result in results] == list(GatewayCheck)
    assert {result.outcome for result in results} == {Outcome.SKIPPED}


def test_what_a_running_gateway_found_reads_back_as_it_was() -> None:
    found = CheckResult(
        check=PreflightCheck.DHCP,
        outcome=Outcome.WARNING,
        figure="two",
        advice="Leave one.",
        details={"finding": "several_dhcp_servers"},
    )
    assert results_told([found.to_dict()]) == [found]
