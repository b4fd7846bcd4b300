"""What the doctor says of the way to the relay."""

import pytest

from lanparty_endpoint.doctor import (
    ClockFacts,
    Obstacle,
    Outcome,
    PathFacts,
    ReachFacts,
    judge_clock,
    judge_handshake,
    judge_identity,
    judge_udp,
)
from lanparty_obs.codes import SessionEnd, sentence

DAY = 86_400.0
INSTALLED = 1_700_000_000.0


def test_answers_show_that_udp_passes_and_how_fast() -> None:
    path = PathFacts(address=("192.0.2.1", 443), sent=3, round_trips=(0.01, 0.03, 0.012))
    result = judge_udp(path, host="relay.example", port=443)
    assert (result.outcome, result.figure) == (Outcome.OK, "passes, 12.0 ms there and back")
    assert result.details["address"] == "192.0.2.1"


@pytest.mark.parametrize(
    ("obstacle", "figure", "words"),
    [
        (Obstacle.NAME, "the name has no address", "relay.example"),
        (Obstacle.NO_ROUTE, "no way there", "online"),
        (Obstacle.FORBIDDEN, "forbidden on this computer", "own firewall"),
        (Obstacle.REFUSED, "refused", "nothing listens on UDP port 4433"),
        (Obstacle.UNREACHABLE, "turned back on the way", "another network"),
        (Obstacle.SILENT, "no answer", "blocks UDP"),
        (None, "no answer", "blocks UDP"),
    ],
)
def test_each_obstacle_has_its_figure_and_says_what_to_do(
    obstacle: Obstacle | None, figure: str, words: str
) -> None:
    path = PathFacts(obstacle=obstacle, sent=4)
    result = judge_udp(path, host="relay.example", port=4433)
    assert (result.outcome, result.figure) == (Outcome.FAILED, figure)
    assert words in result.advice


def test_every_obstacle_has_words() -> None:
    for obstacle in Obstacle:
        assert judge_udp(PathFacts(obstacle=obstacle), host="h", port=1).advice


@pytest.mark.parametrize(
    ("reach", "handshake", "identity"),
    [
        (None, Outcome.SKIPPED, Outcome.SKIPPED),
        (ReachFacts(seconds=0.05, by_pin=True), Outcome.OK, Outcome.OK),
        (ReachFacts(end=SessionEnd.PIN, by_pin=True), Outcome.OK, Outcome.FAILED),
        (ReachFacts(end=SessionEnd.CERTIFICATE), Outcome.OK, Outcome.FAILED),
        (ReachFacts(end=SessionEnd.RELAY_UNREACHABLE), Outcome.FAILED, Outcome.SKIPPED),
        (ReachFacts(end=SessionEnd.VERSION), Outcome.FAILED, Outcome.SKIPPED),
    ],
)
def test_handshake_and_identity_are_told_apart(
    reach: ReachFacts | None, handshake: Outcome, identity: Outcome
) -> None:
    assert judge_handshake(reach).outcome is handshake
    assert judge_identity(reach).outcome is identity


def test_a_wrong_pin_is_told_in_the_words_of_the_session() -> None:
    result = judge_identity(ReachFacts(end=SessionEnd.PIN, by_pin=True))
    assert result.figure == "the pin doesn't fit"
    assert result.advice == sentence(SessionEnd.PIN)


def test_a_clock_after_the_installation_is_fine() -> None:
    clock = ClockFacts(now=INSTALLED + DAY, installed_at=INSTALLED)
    result = judge_clock(clock, ReachFacts(seconds=0.1))
    assert (result.outcome, result.figure) == (Outcome.OK, "2023-11-15 22:13 UTC")


@pytest.mark.parametrize(("by_pin", "outcome"), [(False, Outcome.FAILED), (True, Outcome.WARNING)])
def test_a_clock_before_the_installation_matters_where_certificates_do(
    by_pin: bool, outcome: Outcome
) -> None:
    clock = ClockFacts(now=0.0, installed_at=INSTALLED)
    result = judge_clock(clock, ReachFacts(seconds=0.1, by_pin=by_pin))
    assert result.outcome is outcome
    assert "clock is behind" in result.advice


def test_a_certificate_that_is_out_of_date_may_be_the_clocks_fault() -> None:
    clock = ClockFacts(now=INSTALLED + DAY, installed_at=INSTALLED)
    expired = ReachFacts(end=SessionEnd.CERTIFICATE, text="Certificate is no longer valid: Expired")
    assert judge_clock(clock, expired).outcome is Outcome.WARNING
    other = ReachFacts(end=SessionEnd.CERTIFICATE, text="hostname doesn't match")
    assert judge_clock(clock, other).outcome is Outcome.OK


def test_a_clock_is_looked_at_though_no_packet_passes() -> None:
    assert judge_clock(ClockFacts(now=0.0, installed_at=INSTALLED), None).outcome is Outcome.FAILED
