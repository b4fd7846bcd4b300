"""A real relay on free ports: how it starts, what it answers, and how it ends."""

import asyncio
import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AsyncExitStack, suppress
from ipaddress import IPv4Address
from pathlib import Path

import httpx
import pytest
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat

from lanparty_client_core.join import KnownRelay
from lanparty_ctrl import RoomCode
from lanparty_obs.codes import SessionEnd
from lanparty_proto import MacAddress
from lanparty_quic import PinnedKey
from lanparty_quic.identity import ServerIdentity
from lanparty_relay.admin_token import make_admin_token
from lanparty_relay.state_directory import StateDirectory
from lanparty_sim.player import Player
from lanparty_sim.relay_process import RelayProcess
from lanparty_sim.virtual_host import VirtualHost

PROGRAM = str(Path(sys.executable).with_name("lanparty-relay"))
CODE = RoomCode.parse("SYSTEMTEST")
RESTART_LIMIT = 2.0
RENEWAL_LIMIT = 2.0
STOP_LIMIT = 1.0
DOWN_LIMIT = 6.0


@pytest.fixture
async def relay() -> AsyncIterator[RelayProcess]:
    async with RelayProcess() as relay:
        yield relay


@pytest.fixture
async def operator(relay: RelayProcess) -> AsyncIterator[httpx.AsyncClient]:
    token = relay.token_file.read_text().strip()
    async with httpx.AsyncClient(
        base_url=relay.admin_url, headers={"Authorization": f"Bearer {token}"}, trust_env=False
    ) as client:
        yield client


def simulated_player(number: int) -> Player:
    host = VirtualHost(
        mac=MacAddress(bytes([2, 0, 0, 0, 0, number])),
        address=IPv4Address(f"10.9.8.{number}"),
    )
    return Player(host, name=f"player {number}")


@pytest.fixture
async def players(relay: RelayProcess) -> AsyncIterator[list[Player]]:
    async with AsyncExitStack() as leaving:
        players = []
        for number in (1, 2):
            player = simulated_player(number)
            leaving.push_async_callback(player.leave)
            await player.join(relay.known_relay(), room_code=CODE, create=True)
            players.append(player)
        yield players


def run(*options: str) -> subprocess.CompletedProcess[str]:
    """Run a relay that is expected to end by itself."""
    return subprocess.run(
        [PROGRAM, "--listen", "127.0.0.1:0", "--admin", "127.0.0.1:0", *options],
        capture_output=True,
        text=True,
        timeout=20,
        check=False,
    )


def admin_of(relay: RelayProcess) -> int:
    """Return the process id of the relay's admin process."""
    process_id = relay.process_id
    children = Path(f"/proc/{process_id}/task/{process_id}/children").read_text().split()
    (child,) = map(int, children)
    return child


def shown_of(process_id: int, name: str) -> bytes:
    """Return what every user of the host, or its own, can read of a process."""
    return Path(f"/proc/{process_id}/{name}").read_bytes()


def is_alive(process_id: int) -> bool:
    """Whether it runs; one that has ended and isn't reaped yet doesn't."""
    try:
        state = Path(f"/proc/{process_id}/stat").read_text().rpartition(")")[2].split()[0]
    except (FileNotFoundError, ProcessLookupError):
        return False
    return state not in "XZ"


async def seconds_until(condition: Callable[[], Awaitable[bool]], *, limit: float) -> float:
    """Ask until the condition holds; how long that took.

    The limit is for a machine with nothing else to do, and as much longer as others wait for its
    processors: a process that starts needs half a second of one.
    """
    began = time.monotonic()
    async with asyncio.timeout(limit * max(1.0, os.getloadavg()[0] / (os.cpu_count() or 1))):
        while not await condition():  # noqa: ASYNC110  another process's doing
            await asyncio.sleep(0.02)
    return time.monotonic() - began


# The start


def test_what_it_prints_can_be_pasted(tmp_path: Path) -> None:
    process = subprocess.Popen(
        [PROGRAM, "--listen=127.0.0.1:0", "--admin=127.0.0.1:0", f"--state-dir={tmp_path}"],
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        text=True,
    )
    with process:
        assert process.stdout is not None
        lines = [process.stdout.readline().split() for _ in range(4)]
        process.send_signal(signal.SIGTERM)
        assert process.wait(10) == 0
    _, dial, port_and_api, token = lines
    pin = (tmp_path / "pin").read_text().strip()
    assert dial[:2] == ["players:", "--relay"]
    assert dial[2].startswith("127.0.0.1:")
    assert dial[3:] == ["--pin", pin]
    assert port_and_api[-1].startswith("http://127.0.0.1:")
    assert token[-1] == str(tmp_path / "admin-token")


def test_it_serves_though_nobody_can_read_its_greeting(tmp_path: Path) -> None:
    with Path("/dev/full").open("w") as full:
        process = subprocess.Popen(
            [PROGRAM, "--listen=127.0.0.1:0", "--admin=127.0.0.1:0", f"--state-dir={tmp_path}"],
            stdout=full,
            stderr=subprocess.PIPE,
            text=True,
        )
    with process:
        assert process.stderr is not None
        said = ""
        while "admin process serves" not in said:
            line = process.stderr.readline()
            assert line, said
            said += line
        process.send_signal(signal.SIGINT)
        assert process.wait(10) == 0
    assert "what to dial could not be printed" in said
    assert "Traceback" not in said


@pytest.mark.parametrize(
    ("options", "hint"),
    [
        (["--rooms", "0"], "--rooms"),
        (["--listen", "443/tcp"], "--listen"),
        (["--cert", "cert.pem"], "--key"),
        (["--romms", "5"], "--rooms"),
    ],
)
def test_a_wrong_option_is_a_sentence_and_exit_code_2(options: list[str], hint: str) -> None:
    ended = run(*options)
    assert ended.returncode == 2
    assert hint in ended.stderr
    assert "Traceback" not in ended.stderr


def failed(ended: subprocess.CompletedProcess[str], *hints: str) -> bool:
    """One line on stderr with all hints, and exit code 1."""
    (line,) = ended.stderr.splitlines()
    return ended.returncode == 1 and all(hint in line for hint in hints)


def test_a_taken_udp_port_is_a_sentence(tmp_path: Path) -> None:
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as taken:
        taken.bind(("127.0.0.1", 0))
        host, port = taken.getsockname()
        ended = run("--state-dir", str(tmp_path), "--listen", f"{host}:{port}")
    assert failed(ended, f"UDP {host}:{port} is taken", "--listen")


def test_a_taken_tcp_port_is_a_sentence(tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        host, port = taken.getsockname()
        ended = run("--state-dir", str(tmp_path), "--admin", f"{host}:{port}")
    assert failed(ended, f"TCP {host}:{port} is taken", "--admin")


def test_a_state_directory_that_cannot_be_used_is_a_sentence(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    assert failed(run("--state-dir", str(tmp_path / "file")), "--state-dir")


async def test_a_second_relay_in_one_state_directory_is_a_sentence(relay: RelayProcess) -> None:
    ended = await asyncio.to_thread(run, "--state-dir", str(relay.state_directory))
    assert failed(ended, "another relay uses", "--state-dir")


def test_a_key_that_does_not_fit_is_a_sentence(
    tmp_path: Path, identity: ServerIdentity, other_identity: ServerIdentity
) -> None:
    cert, key = tmp_path / "cert.pem", tmp_path / "key.pem"
    cert.write_bytes(identity.certificate.public_bytes(Encoding.PEM))
    key.write_bytes(
        other_identity.key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
    )
    ended = run("--state-dir", str(tmp_path), "--cert", str(cert), "--key", str(key))
    assert failed(ended, str(key), "--cert", "--key")


def test_a_certificate_that_is_none_is_a_sentence(tmp_path: Path) -> None:
    file = tmp_path / "cert.pem"
    file.write_text("nonsense")
    ended = run("--state-dir", str(tmp_path), "--cert", str(file), "--key", str(file))
    assert failed(ended, str(file), "--cert")


# What it shows


@pytest.mark.usefixtures("players")
async def test_the_operator_sees_rooms_and_peers(
    relay: RelayProcess, operator: httpx.AsyncClient
) -> None:
    shown = (await operator.get("/api/v1/relay")).json()
    assert shown["listen"] == str(relay.address)
    assert shown["pin"] == relay.pin_file.read_text().strip()
    assert (shown["rooms"], shown["peers"]) == (1, 2)
    (room,) = (await operator.get("/api/v1/rooms")).json()["rooms"]
    path = f"/api/v1/rooms/{room['room_id']}"
    assert (await operator.get(path)).json()["code"] == CODE
    peers = (await operator.get(f"{path}/peers")).json()["peers"]
    assert [peer["name"] for peer in peers] == ["player 1", "player 2"]


@pytest.mark.usefixtures("players")
async def test_promtool_has_nothing_to_say(operator: httpx.AsyncClient, promtool: str) -> None:
    metrics = (await operator.get("/metrics")).content
    assert b'softlan_peer_info{peer="1",role="client",room="' in metrics
    check = subprocess.run(  # noqa: ASYNC221  nothing else runs in this loop
        [promtool, "check", "metrics"], input=metrics, capture_output=True, check=False
    )
    assert (check.returncode, check.stdout, check.stderr) == (0, b"", b"")


async def test_a_kicked_player_is_told_and_gone(
    players: list[Player], operator: httpx.AsyncClient
) -> None:
    room = players[0].welcome.room_id
    path = f"/api/v1/rooms/{room}/peers/{players[0].welcome.peer_id}"
    assert (await operator.delete(path)).status_code == 204
    assert (await operator.get(path)).status_code == 404
    ended = await players[0].until_over(limit=2)
    assert ended is not None
    assert ended.code is SessionEnd.KICKED
    assert players[1].is_joined


async def test_a_closed_room_sends_everybody_away(
    players: list[Player], operator: httpx.AsyncClient
) -> None:
    path = f"/api/v1/rooms/{players[0].welcome.room_id}"
    assert (await operator.delete(path)).status_code == 204
    assert (await operator.get(path)).status_code == 404
    for player in players:
        ended = await player.until_over(limit=2)
        assert ended is not None
        assert ended.code is SessionEnd.ROOM_CLOSED


@pytest.mark.usefixtures("players")
async def test_the_log_has_rooms_and_peers_and_no_secret(relay: RelayProcess) -> None:
    log = relay.log_file.read_text()
    assert "member joined" in log
    assert str(CODE) not in log
    assert relay.token_file.read_text().strip() not in log


async def test_the_token_is_in_no_command_line_and_no_environment(relay: RelayProcess) -> None:
    token = relay.token_file.read_bytes().strip()
    for process_id in (relay.process_id, admin_of(relay)):
        for name in ("cmdline", "environ"):
            assert token not in shown_of(process_id, name)


# What it reads again


async def until_log_says(relay: RelayProcess, event: str) -> None:
    async def is_said() -> bool:
        return event in relay.log_file.read_text()

    await seconds_until(is_said, limit=RENEWAL_LIMIT)


async def test_at_sighup_a_new_token_holds_and_players_and_processes_stay(
    relay: RelayProcess, operator: httpx.AsyncClient, players: list[Player]
) -> None:
    admin = admin_of(relay)
    token = make_admin_token(StateDirectory(relay.state_directory))
    assert (await operator.get("/api/v1/relay")).status_code == 200

    async def is_refused() -> bool:
        return (await operator.get("/api/v1/relay")).status_code == 401

    os.kill(relay.process_id, signal.SIGHUP)
    await seconds_until(is_refused, limit=RENEWAL_LIMIT)
    operator.headers["Authorization"] = f"Bearer {token}"
    assert (await operator.get("/api/v1/relay")).json()["peers"] == 2
    assert await players[0].ping(players[1].host.address) is not None
    assert admin_of(relay) == admin
    assert token not in relay.log_file.read_text()


async def test_at_sighup_newcomers_see_the_new_certificate_and_players_stay(
    relay: RelayProcess, operator: httpx.AsyncClient, players: list[Player]
) -> None:
    old_pin = relay.pin_file.read_text().strip()
    for name in ("relay-cert.pem", "relay-key.pem"):
        (relay.state_directory / name).unlink()
    os.kill(relay.process_id, signal.SIGHUP)
    await until_log_says(relay, "certificate renewed, its key is another")
    await until_log_says(relay, "admin token unchanged")
    new_pin = relay.pin_file.read_text().strip()
    assert new_pin != old_pin

    async def is_shown() -> bool:
        return bool((await operator.get("/api/v1/relay")).json()["pin"] == new_pin)

    await seconds_until(is_shown, limit=RENEWAL_LIMIT)
    newcomer = simulated_player(3)
    await newcomer.join(KnownRelay(relay.address, PinnedKey(new_pin)), room_code=CODE)
    try:
        assert await newcomer.ping(players[0].host.address) is not None
    finally:
        await newcomer.leave()
    assert all(player.is_joined for player in players)


async def test_at_sighup_what_cannot_be_read_stays_as_it_was(
    relay: RelayProcess, operator: httpx.AsyncClient, players: list[Player]
) -> None:
    (relay.state_directory / "relay-cert.pem").write_text("nonsense")
    token = relay.token_file.read_text()
    relay.token_file.write_text("short")
    os.kill(relay.process_id, signal.SIGHUP)
    await until_log_says(relay, "certificate not renewed")
    await until_log_says(relay, "admin token not renewed")
    relay.token_file.write_text(token)
    assert (await operator.get("/api/v1/relay")).json()["peers"] == 2
    newcomer = simulated_player(3)
    await newcomer.join(relay.known_relay(), room_code=CODE)
    await newcomer.leave()
    assert all(player.is_joined for player in players)


def test_when_its_terminal_closes_the_relay_stops(tmp_path: Path) -> None:
    ours, terminal = os.openpty()
    process = subprocess.Popen(
        [PROGRAM, "--listen=127.0.0.1:0", "--admin=127.0.0.1:0", f"--state-dir={tmp_path}"],
        stdin=terminal,
        stdout=terminal,
        stderr=terminal,
    )
    with process:
        os.close(terminal)
        said = b""
        while b"admin process serves" not in said:
            said += os.read(ours, 4_096)
        os.close(ours)
        process.send_signal(signal.SIGHUP)  # as the shell does, which isn't here
        assert process.wait(10) == 0


# The admin half ends


async def test_the_admin_process_comes_back_and_ready_tells_the_truth_meanwhile(
    relay: RelayProcess, operator: httpx.AsyncClient, players: list[Player]
) -> None:
    first = admin_of(relay)
    answers: list[httpx.Response] = []
    pings: list[float | None] = []

    async def is_ready() -> bool:
        # A request that was on its way to the killed process may be cut off.
        with suppress(httpx.TransportError):
            answers.append(await operator.get("/readyz"))
        pings.append(await players[0].ping(players[1].host.address))
        return bool(answers) and answers[-1].status_code == 200

    os.kill(first, signal.SIGKILL)
    await seconds_until(is_ready, limit=RESTART_LIMIT)
    assert admin_of(relay) != first
    assert len(answers) > 1
    for answer in answers[:-1]:
        assert answer.status_code == 503
        assert answer.headers["Content-Type"] == "application/problem+json"
        assert (answer.json()["relay"], answer.json()["admin"]) in {
            ("up", "down"),
            ("up", "synchronising"),
        }
    assert all(ping is not None for ping in pings)
    shown = (await operator.get("/api/v1/relay")).json()
    assert (shown["rooms"], shown["peers"], shown["admin"]["restarts"]) == (1, 2, 1)


# The relay half ends


async def test_a_relay_half_that_stands_still_is_said_to_be_down(
    relay: RelayProcess, operator: httpx.AsyncClient
) -> None:
    async def is_down() -> bool:
        answer = await operator.get("/readyz")
        return answer.status_code == 503 and answer.json()["relay"] == "down"

    async def is_ready() -> bool:
        return (await operator.get("/readyz")).status_code == 200

    os.kill(relay.process_id, signal.SIGSTOP)
    try:
        await seconds_until(is_down, limit=DOWN_LIMIT)
        assert (await operator.get("/healthz")).status_code == 200
    finally:
        os.kill(relay.process_id, signal.SIGCONT)
    await seconds_until(is_ready, limit=DOWN_LIMIT)


async def test_when_the_relay_is_killed_its_admin_process_ends(relay: RelayProcess) -> None:
    admin = admin_of(relay)

    async def is_gone() -> bool:
        return not is_alive(admin)

    os.kill(relay.process_id, signal.SIGKILL)
    await seconds_until(is_gone, limit=RESTART_LIMIT)


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
async def test_a_stop_tells_every_player_and_leaves_no_process(
    relay: RelayProcess, players: list[Player], number: signal.Signals
) -> None:
    processes = [relay.process_id, admin_of(relay)]

    async def are_gone() -> bool:
        return not any(map(is_alive, processes))

    os.kill(relay.process_id, number)
    ends = [player.until_over(limit=STOP_LIMIT) for player in players]
    assert [ended and ended.code for ended in await asyncio.gather(*ends)] == [
        SessionEnd.SHUTDOWN,
        SessionEnd.SHUTDOWN,
    ]
    await seconds_until(are_gone, limit=STOP_LIMIT)
    assert await relay.stop() == 0
