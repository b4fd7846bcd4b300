"""Ordinary users join through the service, which runs with CAP_NET_ADMIN and nothing else.

It is started here as its systemd unit would: as a user of its own, all capabilities but one given
up, no new privileges. The machine's /dev/net/tun is open to everybody inside, as it is on usual
systems.
"""

import json
import shutil
import tempfile
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import NoReturn

import pytest
from namespaces import Namespace
from network import Network
from programs import Program, wait_until
from real_client import CLIENT
from real_relay import Relay

SERVICE_USER, ANN, BOB = 20_001, 20_002, 20_003
GROUP = 20_000
OTHER_PIN = "sha256:" + "A" * 43


def as_user(user: int, *rights: str) -> tuple[str, ...]:
    return ("setpriv", f"--reuid={user}", f"--regid={GROUP}", "--clear-groups", *rights)


ONLY_NET_ADMIN = (
    "--inh-caps=-all,+net_admin",
    "--ambient-caps=-all,+net_admin",
    "--bounding-set=-all,+net_admin",
    "--no-new-privs",
)


@dataclass
class Household:
    """A machine with a service and users."""

    machine: Namespace
    relay: Relay
    folder: Path
    """Where every user may look."""
    logs: Path
    commands: int = 0

    @property
    def environment(self) -> dict[str, str]:
        return {
            "LANPARTY_RUNTIME_DIR": str(self.folder / "run"),
            "LANPARTY_STATE_DIR": str(self.folder / "state"),
            "HOME": "/nonexistent",
        }

    def start(self, user: int, *arguments: str) -> Program:
        self.commands += 1
        return self.machine.start(
            *as_user(user, "--bounding-set=-all"),
            CLIENT,
            *arguments,
            log=self.logs / f"command-{self.commands}.log",
            environment=self.environment,
        )

    def run(self, user: int, *arguments: str, limit: float = 20.0) -> tuple[int, str]:
        program = self.start(user, *arguments)
        code = program.wait_ended(limit)
        return code, program.text + program.error_text

    def join(self, user: int, *options: str) -> Program:
        pin = f"--pin={self.relay.pin}"
        relay = next(text for text in self.relay.dial_options if text.startswith("--relay"))
        return self.start(user, "join", "--json", "--name=Ann", relay, pin, *options)

    def start_service(self) -> Program:
        self.commands += 1
        tun = self.folder / "tun"
        give_device = f"mknod {tun} c 10 200; chmod 666 {tun}; mount --bind {tun} /dev/net/tun"
        program = self.machine.start(
            *("sh", "-c", f'{give_device}; exec "$@"', "sh"),
            *as_user(SERVICE_USER, *ONLY_NET_ADMIN),
            *(CLIENT, "serve"),
            log=self.logs / f"service-{self.commands}.log",
            environment=self.environment,
        )
        wait_until(lambda: "serving" in program.error_text, "the service serves", limit=15)
        return program

    def interfaces(self) -> set[str]:
        return {name for name in self.machine.interfaces() if name.startswith("lan")}


@pytest.fixture
def household(
    network: Network, relay: Relay, tmp_path: Path, lacking: Callable[[str], NoReturn]
) -> Iterator[Household]:
    if shutil.which("setpriv") is None:
        lacking("setpriv is not installed: Debian's package util-linux has it")
    (home,) = (home for home in network.homes if home.name == "ann")
    folder = Path(tempfile.mkdtemp(prefix="softlan-"))
    try:
        folder.chmod(0o755)
        for name in ("run", "state"):
            (folder / name).mkdir()
            shutil.chown(folder / name, SERVICE_USER, GROUP)
        made = Household(home.host, relay, folder, tmp_path)
        code, said = made.run(ANN, "--version")
        if code != 0:
            lacking(f"another user can't run {CLIENT}: {said}")
        yield made
    finally:
        shutil.rmtree(folder)


@pytest.fixture
def service(household: Household) -> Iterator[Program]:
    with household.start_service() as program:
        yield program
    assert "Traceback" not in program.error_text


@pytest.mark.usefixtures("service")
def test_an_ordinary_user_joins_and_leaves_with_ctrl_c(household: Household) -> None:
    with household.join(ANN) as program:
        joined = program.wait_for_event("joined", limit=15)
        assert household.interfaces() == {"lan0"}
        code, said = household.run(ANN, "status", "--json")
        assert code == 0
        [status] = json.loads(said)["sessions"]
        assert (status["state"], status["mac"]) == ("joined", joined["mac"])
        assert status["invite"] == joined["invite"]
        assert program.interrupt() == 0
        assert program.events()[-1]["event"] == "left"
    assert household.interfaces() == set()


@pytest.mark.usefixtures("service")
def test_another_user_can_neither_end_a_session_nor_see_its_code(household: Household) -> None:
    with household.join(ANN) as program:
        code_of_room = program.wait_for_event("joined", limit=15)["room_code"]
        code, said = household.run(BOB, "leave")
        assert (code, "another user" in said) == (1, True)
        code, said = household.run(BOB, "status", "--json")
        assert code == 0
        [status] = json.loads(said)["sessions"]
        assert (status["room_code"], status["invite"]) == (None, None)
        assert code_of_room not in said.replace("-", "")
        code, said = household.run(BOB, "report", "--output=-")
        assert code_of_room not in said.replace("-", "")
        assert program.is_running

        assert household.run(ANN, "leave")[0] == 0
        assert program.wait_ended(5) == 0
    assert household.interfaces() == set()


@pytest.mark.usefixtures("service")
def test_a_report_has_what_helps_and_no_secret(household: Household) -> None:
    with household.join(ANN) as program:
        joined = program.wait_for_event("joined", limit=15)
        code, said = household.run(ANN, "report", "--output=-")
        assert program.interrupt() == 0
    assert code == 0
    document = json.loads(said)
    [session] = document["sessions"]
    assert session["diagnostics"]["status"]["state"] == "joined"
    assert any("joined" in line for line in session["lately"])
    assert {"name": "lan0"}.items() <= document["machine"]["links"][-1].items()
    assert joined["room_code"] not in said.replace("-", "")
    assert joined["mac"] not in said
    assert '"Ann' not in said


@pytest.mark.usefixtures("service")
def test_the_room_is_left_when_the_asker_is_killed(household: Household) -> None:
    with household.join(ANN) as program:
        program.wait_for_event("joined", limit=15)
        program.kill()
    wait_until(lambda: not household.interfaces(), "the interface goes", limit=5)


@pytest.mark.usefixtures("service")
def test_a_detached_session_goes_on_alone_until_it_is_told(household: Household) -> None:
    with household.join(ANN, "--detach") as program:
        assert program.wait_ended(15) == 0
        assert [event["event"] for event in program.events()][-2:] == ["joined", "invitation"]
    assert household.interfaces() == {"lan0"}
    assert household.run(ANN, "leave", "--interface=lan0")[0] == 0
    assert household.interfaces() == set()


@pytest.mark.usefixtures("service")
def test_one_user_gets_four_rooms(household: Household) -> None:
    for number in range(4):
        with household.join(ANN, "--detach", f"--interface=lan{number}") as program:
            assert program.wait_ended(15) == 0, program.text
    with household.join(ANN, "--detach", "--interface=lan4") as program:
        assert program.wait_ended(15) == 1
        assert "4 rooms already" in program.text
    assert len(household.interfaces()) == 4
    code, said = household.run(ANN, "leave")
    assert (code, said.count("is gone")) == (0, 4)


@pytest.mark.usefixtures("service")
def test_to_leave_every_room_means_ones_own(household: Household) -> None:
    for user, interface in ((ANN, "lan0"), (BOB, "lan1")):
        with household.join(user, "--detach", f"--interface={interface}") as program:
            assert program.wait_ended(15) == 0, program.text
    assert household.run(ANN, "leave")[0] == 0
    assert household.interfaces() == {"lan1"}
    assert household.run(BOB, "leave")[0] == 0


@pytest.mark.usefixtures("service")
def test_the_services_refusals_end_as_those_of_a_join_as_root(household: Household) -> None:
    with household.join(ANN, f"--pin={OTHER_PIN}") as program:
        assert program.wait_ended(15) == 4
        assert program.events()[-1]["code"] == "pin"
    with household.join(ANN, "--detach") as program:
        assert program.wait_ended(15) == 0
    with household.join(BOB) as program:
        assert program.wait_ended(15) == 1
        assert "lan0 is in a room already" in program.events()[-1]["message"]
    assert household.run(ANN, "leave")[0] == 0
    household.machine.ip("link", "add", "lan7", "type", "bridge")
    try:
        with household.join(ANN, "--interface=lan7") as program:
            assert program.wait_ended(15) == 1
            assert "lan7" in program.events()[-1]["message"]
    finally:
        household.machine.ip("link", "del", "lan7")
    with household.join(ANN, "--interface=wg0") as program:
        assert program.wait_ended(15) == 1
        assert "begins with 'lan'" in program.events()[-1]["message"]


def test_a_service_that_stops_leaves_every_room(household: Household, service: Program) -> None:
    with household.join(ANN) as program:
        program.wait_for_event("joined", limit=15)
        assert service.terminate() == 0
        assert program.wait_ended(5) == 0
        assert program.events()[-1]["event"] == "left"
    assert household.interfaces() == set()


def test_a_service_killed_under_a_player_is_told(household: Household) -> None:
    with household.start_service() as service, household.join(ANN) as program:
        program.wait_for_event("joined", limit=15)
        service.kill()
        assert program.wait_ended(5) == 1
        assert program.events()[-1]["message"].startswith("The service stopped, and lan0 went")


def test_without_a_service_both_ways_are_said(household: Household) -> None:
    with household.join(ANN) as program:
        assert program.wait_ended(15) == 1
        [failed] = program.events()
    assert "sudo" in failed["message"]
    assert "lanparty-client setup" in failed["message"]


def test_a_killed_service_is_said_to_be_gone(household: Household) -> None:
    with household.start_service() as service:
        service.kill()
    with household.join(ANN) as program:
        assert program.wait_ended(15) == 1
        assert "isn't running" in program.events()[-1]["message"]
    with household.start_service(), household.join(ANN, "--detach") as program:
        assert program.wait_ended(15) == 0
