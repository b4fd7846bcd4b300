"""What `ping` prints."""

from lanparty_endpoint.probing.echoes import Echo, EchoSummary

REPLY = {
    "event": "reply",
    "sequence": 1,
    "seconds": 0.0303,
    "relay_seconds": 0.010,
    "friend_relay_seconds": 0.020,
}


def test_an_echo_tells_the_relays_share() -> None:
    line = Echo.from_answer(REPLY).line("bob")
    assert line == "1: 30.3 ms  (you to relay 10.0 ms, relay to bob 20.0 ms, rest 0.3 ms)"


def test_what_is_not_known_is_left_out() -> None:
    echo = Echo.from_answer({"sequence": 2, "seconds": 0.03, "relay_seconds": 0.01})
    assert echo.line("bob") == "2: 30.0 ms  (you to relay 10.0 ms)"
    assert Echo(sequence=2, seconds=0.03).line("bob") == "2: 30.0 ms"
    assert Echo.from_answer({"event": "lost", "sequence": 3}).line("bob") == "3: no answer"


def test_ways_that_add_up_to_more_leave_no_rest() -> None:
    echo = Echo(sequence=1, seconds=0.01, relay_seconds=0.01, friend_relay_seconds=0.01)
    assert echo.rest == 0.0


def test_the_summary_counts_and_orders() -> None:
    summary = EchoSummary()
    for sequence, seconds in enumerate([0.012, None, 0.010, 0.020]):
        summary.add(Echo(sequence=sequence, seconds=seconds))
    assert summary.line("bob") == (
        "bob: 4 sent, 3 answered, 25% lost; 10.0 ms / 12.0 ms / 20.0 ms (least / median / most)"
    )
    assert summary.to_dict()["loss"] == 0.25


def test_without_an_answer_there_are_no_figures() -> None:
    summary = EchoSummary()
    assert summary.line("bob") == "bob: 0 sent, 0 answered, 0% lost"
    summary.add(Echo(sequence=1))
    assert summary.line("bob") == "bob: 1 sent, 0 answered, 100% lost"
    assert summary.to_dict()["median_seconds"] is None
