from io import StringIO
from typing import Any

from rich.console import Console

from lanparty_endpoint.live_view import render
from lanparty_endpoint.rates import Reading

QUIET = Reading(0.0, 0.0, None)


def member(number: int, **changes: Any) -> dict[str, Any]:  # Any: JSON
    return {
        "peer_id": number,
        "role": "client",
        "name": f"player {number}",
        "mac": f"02:00:5e:10:00:{number:02x}",
        "address": f"10.1.2.{number}",
    } | changes


def status(**changes: Any) -> dict[str, Any]:  # Any: JSON
    return {
        "state": "joined",
        "sentence": "You are in the room.",
        "interface": "lan0",
        "addresses": ["10.1.2.3/24"],
        "room_code": "7K3M-9QXR-T2V",
        "relay": "relay.example:443",
        "round_trip_time": 0.0234,
        "members": [],
    } | changes


def drawn(status: dict[str, Any], reading: Reading = QUIET, *, width: int = 100) -> list[str]:
    output = StringIO()
    console = Console(file=output, width=width, markup=False, emoji=False, highlight=False)
    console.print(render({"status": status}, reading))
    return [line.rstrip() for line in output.getvalue().splitlines()]


def test_the_live_view_says_where_it_is_and_how_the_connection_is() -> None:
    lines = drawn(status(), Reading(1_240_000.0, 999.0, 0.013))
    assert lines == [
        "room 7K3M-9QXR-T2V · lan0 · 10.1.2.3/24",
        "relay relay.example:443 · RTT 23 ms · loss 1.3% · in 1.24 Mbit/s · out 999 bit/s",
        "  Nobody else is here yet.",
    ]


def test_a_loss_that_nobody_knows_is_no_dash() -> None:
    [_, connection, _] = drawn(status(), QUIET)
    assert connection == "relay relay.example:443 · RTT 23 ms · in 0 bit/s · out 0 bit/s"


def test_the_live_view_lists_who_is_here() -> None:
    gateway = member(5, role="gateway", name="Attic", mac=None, address=None)
    lines = drawn(status(members=[member(4), gateway, member(6, address=None)]))
    assert lines[2:] == [
        "  player 4  10.1.2.4  02:00:5e:10:00:04",
        "  Attic     gateway",
        "  player 6  -         02:00:5e:10:00:06",
    ]


def test_a_full_room_leaves_room_on_the_terminal() -> None:
    lines = drawn(status(members=[member(number) for number in range(1, 64)]))
    assert len(lines) == 2 + 13
    assert lines[-1] == "  and 51 more"


def test_an_outage_is_said_in_a_sentence() -> None:
    sentence = "The connection to the relay was lost. softlan is trying again by itself."
    lines = drawn(status(state="reconnecting", sentence=sentence, round_trip_time=None))
    assert lines[1] == sentence
    assert "RTT -" in lines[2]


def test_names_are_shown_as_they_are_written() -> None:
    lines = drawn(status(members=[member(4, name="[bold]x[/] :smile:")]))
    assert "[bold]x[/] :smile:" in lines[2]


def test_a_line_is_cut_rather_than_wrapped_on_a_narrow_terminal() -> None:
    assert len(drawn(status(), width=40)) == 3
