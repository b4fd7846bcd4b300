"""What `lanparty-sim` prints and how it ends, as processes against a relay process."""

import asyncio
import json
import os
import signal
import socket
import sys
import time
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from pathlib import Path

import pytest
import pytest_asyncio

from lanparty_sim.relay_process import RelayProcess

SIM = Path(sys.executable).with_name("lanparty-sim")
LIMIT = 20.0
OTHER_PIN = "sha256:" + "A" * 43


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def relay() -> AsyncIterator[RelayProcess]:
    async with RelayProcess("--joins-per-minute=0") as relay:
        yield relay


class Sim:
    """One running `lanparty-sim`."""

    def __init__(self, process: asyncio.subprocess.Process) -> None:
        self.process = process

    async def line(self, text: str) -> str:
        """Read on until a line has the text in it."""
        assert self.process.stdout is not None
        async with asyncio.timeout(LIMIT):
            while line := (await self.process.stdout.readline()).decode():
                if text in line:
                    return line
        raise AssertionError(f"no line with {text!r}")

    async def end(self) -> tuple[int, str]:
        """Wait for its end; return exit code and the rest of what it printed."""
        async with asyncio.timeout(LIMIT):
            rest, _ = await self.process.communicate()
        assert self.process.returncode is not None
        return self.process.returncode, rest.decode()


@asynccontextmanager
async def sim(*arguments: str | Path) -> AsyncIterator[Sim]:
    process = await asyncio.create_subprocess_exec(
        SIM,
        *arguments,
        stdin=asyncio.subprocess.DEVNULL,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.STDOUT,
    )
    try:
        yield Sim(process)
    finally:
        if process.returncode is None:
            process.kill()
            await process.wait()


async def run(*arguments: str | Path) -> tuple[int, str]:
    async with sim(*arguments) as running:
        return await running.end()


def dial(relay: RelayProcess) -> tuple[str, ...]:
    return (f"--relay={relay.address}", f"--pin-file={relay.pin_file}")


async def test_a_player_tells_who_joins_and_leaves_and_leaves_politely(
    relay: RelayProcess,
) -> None:
    async with sim("join", *dial(relay), "--room=C0ME", "--create", "--name=alice") as alice:
        await alice.line("In room C0ME")
        async with sim("join", *dial(relay), "--room=come", "--name=bob [x]", "--json") as bob:
            assert "(10." in await alice.line("+ bob [x]")
            assert json.loads(await bob.line('"joined"'))["room_code"] == "C0ME"
            member = json.loads(await bob.line("member_joined"))["member"]
            assert (member["name"], member["role"]) == ("alice", "client")
            bob.process.send_signal(signal.SIGINT)
            code, rest = await bob.end()
            assert code == 0
            assert json.loads(rest.splitlines()[-1])["event"] == "left"
        assert "bob [x] left." in await alice.line("- bob")
        alice.process.send_signal(signal.SIGTERM)
        assert await alice.end() == (0, "Left the room.\n")


async def test_a_room_is_spelled_as_its_player_did(relay: RelayProcess) -> None:
    async with sim("join", *dial(relay), "--room=lan-party", "--create") as player:
        await player.line("In room lan-party ")


async def test_a_quiet_player_says_the_code_of_the_room_that_it_made(relay: RelayProcess) -> None:
    async with sim("join", *dial(relay), "-q") as first:
        code = (await first.line("-")).strip()
        async with sim("join", *dial(relay), f"--room={code}") as second:
            await second.line(f"In room {code}")


async def test_why_a_player_is_not_in_its_room_stands_on_stderr(relay: RelayProcess) -> None:
    process = await asyncio.create_subprocess_exec(
        SIM,
        "join",
        *dial(relay),
        "--room=N0NE",
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
    )
    out, err = await process.communicate()
    assert out.decode() == f"Joining through {relay.address} ...\n"
    assert err.decode().startswith("There is no room with this code.")


async def test_a_player_that_gives_up_was_interrupted() -> None:
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as mute:
        mute.bind(("127.0.0.1", 0))
        relay = f"--relay=127.0.0.1:{mute.getsockname()[1]}"
        await give_up(relay)


async def give_up(relay: str) -> None:
    async with sim("join", relay, "--room=C0DE") as player:
        await player.line("Joining")
        player.process.send_signal(signal.SIGINT)
        assert await player.end() == (130, "Gave up.\n")


async def test_a_player_comes_back_to_a_relay_that_was_started_again() -> None:
    async with RelayProcess() as relay:
        arguments = ("join", *dial(relay), "--room=BACK", "--create", "--json")
        async with sim(*arguments) as player:
            before = json.loads(await player.line('"joined"'))
            await asyncio.gather(relay.restart(), player.line('"reconnecting"'))
            after = json.loads(await player.line('"joined"'))
            player.process.send_signal(signal.SIGINT)
            code, _ = await player.end()
    assert code == 0
    assert (after["room_code"], after["address"]) == (before["room_code"], before["address"])
    assert not after["resumed"]


async def test_the_relays_goodbye_is_read_within_a_second() -> None:
    leave_then = ("--create", "--no-reconnect")
    async with RelayProcess() as relay, sim("join", *dial(relay), *leave_then) as player:
        await player.line("In room")
        began = time.monotonic()
        await asyncio.gather(relay.stop(), player.line("being shut down"))
        assert time.monotonic() - began < 1
        assert await player.end() == (0, "")


async def test_a_kicked_player_reads_it_and_says_so_to_the_shell(relay: RelayProcess) -> None:
    async with sim("join", *dial(relay), "--create", "--json") as player:
        joined = json.loads(await player.line('"joined"'))
        async with relay.api() as api:
            await api.kick(joined["room_id"], joined["peer_id"])
        code, rest = await player.end()
    assert code == 6
    ended = json.loads(rest.splitlines()[-1])
    assert (ended["code"], ended["final"]) == ("kicked", True)
    assert "removed you" in ended["message"]


@pytest.mark.parametrize(
    ("arguments", "expected", "sentence"),
    [
        (("--pin", OTHER_PIN), 4, "not the relay that the pin belongs to"),
        ((), 4, "couldn't prove that it is the one"),
    ],
    ids=["wrong pin", "unknown authority"],
)
async def test_a_relay_that_is_not_the_one_has_its_own_exit_code(
    relay: RelayProcess, arguments: tuple[str, ...], expected: int, sentence: str
) -> None:
    code, text = await run("join", f"--relay={relay.address}", "--room=C0DE", *arguments)
    assert code == expected
    assert sentence in text


async def test_an_unknown_room_is_refused_and_a_typo_is_hinted_at(relay: RelayProcess) -> None:
    code, text = await run("join", *dial(relay), "--room=N0NE")
    assert code == 5
    assert "There is no room with this code" in text
    assert "mistyped" not in text
    code, text = await run("join", *dial(relay), "--room=7K3M-9QXR-T2A")
    assert code == 5
    assert "mistyped" in text


async def test_a_mac_in_use_is_refused(relay: RelayProcess) -> None:
    mac = "--mac=02:00:00:00:00:77"
    async with sim("join", *dial(relay), "--room=MAC1", "--create", mac) as first:
        await first.line("In room")
        code, text = await run("join", *dial(relay), "--room=MAC1", mac, "-q")
    assert code == 5
    assert text.startswith("Another player in this room already uses this network address.")


async def test_a_name_that_no_relay_has_is_said_so() -> None:
    code, text = await run("join", "--relay=no-such-relay.invalid", "--room=C0DE")
    assert code == 3
    assert "No relay is called 'no-such-relay.invalid'" in text


async def test_a_relay_that_does_not_answer_is_given_up() -> None:
    async with RelayProcess() as gone:
        arguments = ("--relay", str(gone.address), "--pin", OTHER_PIN)
    code, text = await run("join", *arguments, "--room=C0DE", "--connect-timeout=0.3")
    assert code == 3
    assert "The relay doesn't answer" in text


async def test_a_place_is_kept_over_a_restart_and_held_by_one_process(
    relay: RelayProcess, tmp_path: Path
) -> None:
    async with sim("join", *dial(relay), "--room=KEEP", "--create", "--name=host") as host:
        await host.line("In room")
        mine = ("join", *dial(relay), "--room=KEEP", "--json", f"--state-dir={tmp_path}")
        async with sim(*mine) as first:
            before = json.loads(await first.line('"joined"'))
            code, text = await run(*mine)
            assert code == 1
            assert "already joined" in text
            first.process.kill()
            await first.process.wait()
        assert os.listdir(tmp_path) == ["players"]
        async with sim(*mine) as second:
            after = json.loads(await second.line('"joined"'))
    assert after["resumed"]
    assert (after["peer_id"], after["mac"]) == (before["peer_id"], before["mac"])


async def test_a_wrong_command_line_is_explained() -> None:
    code, text = await run("join", "--relay=relay.example", "--room=!")
    assert code == 2
    assert "--room" in text
    assert "Traceback" not in text


async def test_a_state_directory_that_can_not_be_used_is_a_sentence(
    relay: RelayProcess, tmp_path: Path
) -> None:
    file = tmp_path / "file"
    file.write_text("")
    code, text = await run("join", *dial(relay), "--room=C0DE", f"--state-dir={file}")
    assert code == 1
    assert text.startswith(f"lanparty-sim: Can't use {file / 'players'}")


async def test_variables_stand_in_for_options(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("LANPARTY_RELAY", "no-such-relay.invalid")
    monkeypatch.setenv("LANPARTY_JSON", "true")
    code, text = await run("join")
    assert code == 3
    assert json.loads(text.splitlines()[-1])["code"] == "relay_unreachable"


async def test_the_scenario_passes_and_says_so_to_the_shell(relay: RelayProcess) -> None:
    api = (f"--admin={relay.admin_url}", f"--admin-token-file={relay.token_file}")
    code, text = await run("e2e", *dial(relay), *api, "--room=TEST-R00M", "--json")
    assert code == 0
    document = json.loads(text)
    assert document["passed"]
    assert {step["status"] for step in document["steps"]} == {"passed"}


@asynccontextmanager
async def bystanders(relay: RelayProcess, room: str, *names: str) -> AsyncIterator[list[Sim]]:
    """Players who are killed in the end, and so stay members for a while: a room for each test."""
    joins = ("join", *dial(relay), f"--room={room}", "--create")
    async with AsyncExitStack() as stack:
        players = [await stack.enter_async_context(sim(*joins, f"--name={name}")) for name in names]
        for player in players:
            await player.line("In room")
        yield players


async def test_bystanders_of_other_processes_prove_that_they_answer(relay: RelayProcess) -> None:
    api = (f"--admin={relay.admin_url}", f"--admin-token-file={relay.token_file}")
    expected = ("--bystanders=3", "--bystanders-room=answering")
    async with bystanders(relay, "ANSWERING", "one", "two", "three"):
        code, text = await run("e2e", *dial(relay), *api, *expected, "--json")
    assert code == 0, text
    steps = json.loads(text)["steps"]
    assert {step["status"] for step in steps} == {"passed"}
    assert steps[-2]["detail"].startswith("3 answered, median ")
    assert steps[-1]["detail"].startswith("4 peers, ")


async def test_a_bystander_that_is_silent_is_named_and_fails_the_run(relay: RelayProcess) -> None:
    expected = ("--bystanders=3", "--bystanders-room=silent")
    async with bystanders(relay, "SILENT", "one", "two", "three") as (_, _, last):
        last.process.send_signal(signal.SIGSTOP)
        code, text = await run("e2e", *dial(relay), *expected, "--json")
    assert code == 1
    steps = json.loads(text)["steps"]
    (failed,) = (step for step in steps if step["status"] == "failed")
    assert failed["detail"].startswith("2 of 3 answered; silent: three (02:")


@pytest.mark.parametrize(
    ("options", "sentence"),
    [
        (("--bystanders=3",), "--bystanders and --bystanders-room go together"),
        (("--bystanders-room=R00M",), "--bystanders and --bystanders-room go together"),
        (
            ("--bystanders=3", "--bystanders-room=R00M", "--room=room"),
            "--bystanders-room must be another room than --room",
        ),
        (("--bystanders=61", "--bystanders-room=R00M"), "--bystanders: must be at most 60"),
        (("--lan-room=R00M", "--room=room"), "--lan-room must be another room than --room"),
    ],
)
async def test_rooms_and_bystanders_that_make_no_sense_are_explained(
    options: tuple[str, ...], sentence: str
) -> None:
    code, text = await run("e2e", "--relay=relay.example", *options)
    assert code == 2
    assert sentence in text


async def test_a_scenario_that_nobody_can_join_ends_as_a_player_does(relay: RelayProcess) -> None:
    code, text = await run("e2e", f"--relay={relay.address}", f"--pin={OTHER_PIN}")
    assert code == 4
    assert "1 failed, 21 not run" in text
    async with RelayProcess() as gone:
        nobody = f"--relay={gone.address}"
    code, text = await run("e2e", nobody, f"--pin={OTHER_PIN}", "--connect-timeout=0.3")
    assert code == 3
    assert "1 failed, 21 not run" in text


async def test_a_scenario_in_a_room_in_use_fails_at_once(relay: RelayProcess) -> None:
    async with sim("join", *dial(relay), "--room=BUSY", "--create") as player:
        await player.line("In room")
        code, text = await run("e2e", *dial(relay), "--room=BUSY", "--json")
    assert code == 1
    first, *others = json.loads(text)["steps"]
    assert first["detail"] == "the room is in use: name another by --room, or none"
    assert {step["status"] for step in others} == {"not run"}


async def test_an_api_that_is_of_no_use_is_said_before_the_scenario(
    relay: RelayProcess,
) -> None:
    code, text = await run("e2e", *dial(relay), f"--admin={relay.admin_url}")
    assert code == 2
    assert "--admin-token-file" in text
    wrong = f"--admin-token-file={relay.pin_file}"
    code, text = await run("e2e", *dial(relay), f"--admin={relay.admin_url}", wrong)
    assert code == 1
    assert text.splitlines() == [
        "lanparty-sim: The admin API refuses the token. Check --admin and --admin-token-file."
    ]
    code, text = await run("e2e", *dial(relay), "--admin=127.0.0.1:9", wrong)
    assert code == 1
    assert text.startswith("lanparty-sim: No admin API answers at http://127.0.0.1:9.")


@pytest.mark.parametrize("command", [["e2e"], ["e2e", "--json"], ["join"], ["--help"]])
async def test_a_pipe_that_is_closed_ends_it_quietly(
    relay: RelayProcess, command: list[str]
) -> None:
    reading, writing = os.pipe()
    os.close(reading)
    options = () if command == ["--help"] else dial(relay)
    process = await asyncio.create_subprocess_exec(
        SIM, *command, *options, stdout=writing, stderr=asyncio.subprocess.PIPE
    )
    os.close(writing)
    _, said = await process.communicate()
    assert (process.returncode, said.decode()) == (1, "")


@pytest.mark.parametrize("cast", ["unicast", "broadcast"])
async def test_a_load_run_measures_what_arrives(relay: RelayProcess, cast: str) -> None:
    shape = ("--players=3", "--processes=2", "--rate=50", "--seconds=0.5", "--frame-size=1400")
    code, text = await run("load", *dial(relay), *shape, f"--cast={cast}", "--json")
    assert code == 0
    assert text.startswith("3 players join")
    result = json.loads(text[text.index("{") :])
    assert result["offered"] == 75
    assert result["expected"] == (75 if cast == "unicast" else 150)
    assert result["delivered"] > 0.9 * result["expected"]
    assert 0 < result["latency_p50"] <= result["latency_p99"] < 5


async def test_a_load_run_that_is_not_let_in_says_why(relay: RelayProcess) -> None:
    code, text = await run("load", *dial(relay), "--room=N0NE", "--seconds=0.1")
    assert code == 5
    assert "There is no room with this code" in text


async def test_a_load_run_whose_player_is_kicked_is_worth_nothing_and_says_so(
    relay: RelayProcess,
) -> None:
    async with sim("join", *dial(relay), "--room=K1CK", "--create", "--json") as watcher:
        room_id = json.loads(await watcher.line('"joined"'))["room_id"]
        async with sim(
            *("load", *dial(relay), "--room=K1CK", "--players=2", "--seconds=2")
        ) as load:
            player = json.loads(await watcher.line("member_joined"))["member"]["peer_id"]
            await load.line("are in the room")
            async with relay.api() as api:
                await api.kick(room_id, player)
            code, rest = await load.end()
    assert code == 6
    assert "1 of 2 players didn't stay to the end." in rest
    assert "removed you" in rest
