"""What can go wrong with a join: the right sentence, the right exit code, no traceback."""

from collections.abc import Callable
from typing import NoReturn

from real_client import CLIENT, Client, Pair

LOCAL, UNREACHABLE, NOT_THE_RELAY, REFUSED = 1, 3, 4, 5
NOBODY_IS_HERE = "198.51.100.99"
END_LIMIT = 20.0


def failure_of(client: Client, *options: str, dial: tuple[str, ...] | None = None) -> str:
    """Return exit code and sentence of a `join` that must fail, as "CODE SENTENCE"."""
    program = client.start("--no-json", *options, dial=dial)
    code = program.wait_ended(END_LIMIT)
    said = program.text + program.error_text
    assert "Traceback" not in said, said
    return f"{code} {said}"


def test_an_unknown_room_is_refused(player: Callable[[str], Client]) -> None:
    said = failure_of(player("ann"), "--room=NOSUCHROOM")
    assert said.startswith(f"{REFUSED} ")
    assert "no room" in said.lower()


def test_a_mistyped_code_is_recognised(pair: Pair, player: Callable[[str], Client]) -> None:
    other = "0" if pair.room[3] != "0" else "1"
    mistyped = pair.room[:3] + other + pair.room[4:]
    said = failure_of(player("ann"), f"--room={mistyped}", "--interface=lan1")
    assert said.startswith(f"{REFUSED} ")
    assert "mistyped" in said


def test_a_wrong_pin_is_no_relay_to_trust(pair: Pair, player: Callable[[str], Client]) -> None:
    relay, _ = pair.ann.dial_options
    said = failure_of(player("ann"), "--interface=lan1", dial=(relay, f"--pin=sha256:{'A' * 43}"))
    assert said.startswith(f"{NOT_THE_RELAY} ")
    assert "pin" in said


def test_an_unreachable_relay_is_said_to_be_so(pair: Pair, player: Callable[[str], Client]) -> None:
    _, pin = pair.ann.dial_options
    said = failure_of(
        player("ann"),
        *("--interface=lan1", "--connect-timeout=2"),
        dial=(f"--relay={NOBODY_IS_HERE}", pin),
    )
    assert said.startswith(f"{UNREACHABLE} ")
    assert "relay" in said


def test_a_taken_interface_name_is_named(pair: Pair, player: Callable[[str], Client]) -> None:
    pair.ann.machine.ip("link", "add", "mine", "type", "bridge")
    said = failure_of(player("ann"), "--interface=mine")
    assert said.startswith(f"{LOCAL} ")
    assert "mine" in said
    assert "--interface" in said
    assert "mine" in pair.ann.machine.interfaces()


def test_a_copied_installation_is_told_that_its_mac_is_in_use(
    player: Callable[[str], Client],
) -> None:
    ann, bob = player("ann"), player("bob")
    options = ("--interface=copied",)
    room = ann.join(None, *options)["room_code"]
    keeper = player("bob")
    keeper.join(room, "--interface=keeper")
    assert ann.leave() == 0
    ann.copy_state_to(bob)
    ann.join(room, *options)
    said = failure_of(bob, f"--room={room}", *options)
    assert said.startswith(f"{REFUSED} ")
    assert "network address" in said or "MAC" in said
    assert ann.program.is_running


def test_an_ordinary_user_without_setup_is_told_both_ways(
    pair: Pair,
    player: Callable[[str], Client],
    tool: Callable[[str, str], str],
    lacking: Callable[[str], NoReturn],
) -> None:
    # env goes first: what setpriv starts is started with root's eyes, wherever Python lies.
    ordinary = (
        *("env", "HOME=/nonexistent"),
        *(tool("setpriv", "util-linux"), "--reuid=65534", "--regid=65534", "--clear-groups"),
        *("--inh-caps=-all", "--bounding-set=-all", "--no-new-privs"),
    )
    ann = player("ann")
    version = ann.machine.run(*ordinary, CLIENT, "--version", check=False)
    if "lanparty-client" not in version:
        lacking(f"another user can't run {CLIENT}: {version}")
    printed = ann.machine.run(
        *ordinary,
        *(CLIENT, "join"),
        *(*ann.dial_options, f"--room={pair.room}", "--interface=lan1"),
        check=False,
    )
    assert "sudo" in printed, printed
    assert "setup" in printed
    assert "Traceback" not in printed
