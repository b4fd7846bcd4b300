"""The doctor's table and its JSON."""

import json
from ipaddress import IPv4Address
from typing import Any

from lanparty_client_core import SessionState
from lanparty_ctrl import Role
from lanparty_endpoint.doctor import (
    Check,
    CheckResult,
    ClockFacts,
    Findings,
    FriendFacts,
    MachineFacts,
    Outcome,
    PathFacts,
    SeenByFacts,
    SeenFacts,
    SessionFacts,
    lines_of,
    report_of,
    summary,
    worst,
)
from lanparty_ethernet import Hearing

BOB = FriendFacts(peer_id=2, name="bob", role=Role.CLIENT)


def findings(**changed: Any) -> Findings:
    usual: dict[str, Any] = {
        "path": PathFacts(),
        "reach": None,
        "clock": ClockFacts(now=2e9, installed_at=1e9),
        "machine": MachineFacts(has_device=True, may_administer=True, service_answers=False),
    }
    return Findings(**(usual | changed))


def test_every_check_is_made_in_order_whatever_was_found() -> None:
    report = report_of(findings(), host="relay.example", port=443)
    assert [result.check for result in report.results] == list(Check)
    assert report.outcome is Outcome.FAILED
    assert summary(report.results) == "1 of 15 checks failed. Begin with the first one's arrow."


def test_every_check_has_a_label_that_fits_its_column() -> None:
    assert all(0 < len(check.label) < 20 for check in Check)


def test_the_json_has_every_check_and_every_friend() -> None:
    session = SessionFacts(
        state=SessionState.JOINED, sentence="", interface="lan0", mac="02::", friends=(BOB,)
    )
    seen = SeenByFacts(
        asked=3,
        source=IPv4Address("10.77.3.1"),
        seen=(SeenFacts(peer_id=2, frame_after=0.012, hearing=Hearing.LISTENING),),
    )
    report = report_of(findings(session=session, seen_by=seen), host="::1", port=443)
    values = json.loads(json.dumps(report.to_dict(version="1.2.3")))
    assert values["version"] == "1.2.3"
    assert values["relay"] == "[::1]:443"
    assert values["interface"] == "lan0"
    assert values["outcome"] == "failed"
    assert [each["check"] for each in values["checks"]] == [check.value for check in Check]
    [friend] = values["friends"]
    assert (friend["name"], friend["outcome"], friend["hearing"]) == ("bob", "failed", "listening")
    assert friend["softlan_seconds"] == 0.012
    assert friend["program_seconds"] is None


def test_where_no_packet_passes_no_friend_is_blamed() -> None:
    session = SessionFacts(
        state=SessionState.JOINED, sentence="", interface="lan0", mac="02::", friends=(BOB,)
    )
    nobody = SeenByFacts(asked=3, source=IPv4Address("10.77.3.1"))
    report = report_of(findings(session=session, seen_by=nobody), host="h", port=443)
    assert report.results[-1].outcome is Outcome.SKIPPED
    assert not report.friends
    passes = PathFacts(sent=1, round_trips=(0.01,))
    report = report_of(findings(session=session, seen_by=nobody, path=passes), host="h", port=443)
    assert report.results[-1].outcome is Outcome.FAILED


def test_a_line_has_mark_name_and_figure_and_the_advice_stands_below() -> None:
    result = CheckResult(
        check=Check.UDP, outcome=Outcome.FAILED, figure="no answer", advice="Try another network."
    )
    assert [line.text for line in lines_of(result)] == [
        "  FAIL  UDP to the relay    no answer",
        "        -> Try another network.",
    ]


def test_advice_is_broken_to_the_width_of_the_terminal() -> None:
    result = CheckResult(check=Check.UDP, outcome=Outcome.FAILED, figure="", advice="word " * 40)
    lines = lines_of(result, width=60)[1:]
    assert len(lines) > 3
    assert all(len(line.text) <= 60 and line.is_advice for line in lines)
    assert all(line.text.startswith(" " * 11) for line in lines[1:])


def test_the_worst_counts_and_nothing_is_fine() -> None:
    assert worst([]) is Outcome.OK
    assert worst([Outcome.SKIPPED, Outcome.OK]) is Outcome.OK
    assert worst([Outcome.SKIPPED]) is Outcome.SKIPPED
    assert worst([Outcome.OK, Outcome.WARNING]) is Outcome.WARNING
    assert worst([Outcome.FAILED, Outcome.WARNING]) is Outcome.FAILED
