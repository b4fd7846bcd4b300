"""A relay that can't start: one clear line each time, and no storm of restarts."""

import socket
import time
from collections.abc import Iterator
from contextlib import ExitStack, closing
from pathlib import Path
from typing import NamedTuple

import pytest
from compose_project import ComposeProject
from docker_command import docker
from waiting import wait_until

pytestmark = [pytest.mark.slow, pytest.mark.timeout(180, func_only=True)]

WATCHED_SECONDS = 12.0
FEWEST_TRIES = 2
FEWEST_LIMIT = 60.0
MOST_TRIES = 9
"""Docker waits 0.1 s before it starts a container again, then ever twice as long: in 10 s seven,
and a busy machine makes it fewer."""

REASONS = {
    "unwritable-state": (1, ("/var/lib/softlan", "can't be used", "Permission denied")),
    "wrong-setting": (2, ("LANPARTY_ROOMS", "must be a whole number", "'many'")),
    "no-certificate": (1, ("/certificate/cert.pem", "no PEM file")),
    "missing-certificate": (1, ("/certificate/none.pem", "No such file")),
    "no-key": (2, ("--cert", "--key")),
    "taken-players-port": (1, ("UDP 127.0.0.1:", "is taken")),
    "taken-admin-port": (1, ("TCP 127.0.0.1:", "is taken")),
}
HELP = "Try: lanparty-relay --help"


class End(NamedTuple):
    """How often a relay was tried, and with what it ended last."""

    tries: int
    exit_code: int


class Refused:
    """Every relay that can't start, after some seconds of trying; they try no more."""

    def __init__(self, folder: Path) -> None:
        self.certificates = folder / "certificates"
        self.certificates.mkdir(mode=0o755)
        (self.certificates / "cert.pem").write_text("no certificate\n")
        self.ends: dict[str, End] = {}
        self._held = ExitStack()
        udp = self._held.enter_context(socket.socket(socket.AF_INET, socket.SOCK_DGRAM))
        udp.bind(("127.0.0.1", 0))
        tcp = self._held.enter_context(socket.create_server(("127.0.0.1", 0)))
        self.project = ComposeProject(
            "refusals",
            folder,
            overlay="refusals.yaml",
            settings={
                "SOFTLAN_TEST_CERTIFICATES": str(self.certificates),
                "SOFTLAN_TEST_TAKEN_UDP": str(udp.getsockname()[1]),
                "SOFTLAN_TEST_TAKEN_TCP": str(tcp.getsockname()[1]),
            },
        )
        self._held.callback(self.project.remove)

    def watch(self) -> None:
        """Let them try for a while, look at each between two tries, and stop it."""
        began = time.monotonic()
        self.project.up(*REASONS)
        for service in REASONS:

            def waits_for_another_try(service: str = service) -> End | None:
                long_enough = time.monotonic() - began > WATCHED_SECONDS
                return self._end_of(service) if long_enough else None

            self.ends[service] = wait_until(
                waits_for_another_try, f"{service} waits for another try", limit=FEWEST_LIMIT
            )
            self.project.compose("stop", service)

    def _end_of(self, service: str) -> "End | None":
        seen = self.project.inspect(service)
        # While it waits, the try that it waits for counts already.
        tries = int(seen["RestartCount"])
        if not seen["State"]["Restarting"] or tries < FEWEST_TRIES:
            return None
        return End(tries, int(seen["State"]["ExitCode"]))

    def close(self) -> None:
        """Remove the project and free the ports."""
        self._held.close()


@pytest.fixture(scope="module")
def refused(images: None, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Refused]:
    with closing(Refused(tmp_path_factory.mktemp("refusals"))) as refused:
        refused.watch()
        yield refused


@pytest.mark.parametrize("service", REASONS)
def test_each_try_ends_with_one_line_of_the_reason_and_an_exit_code(
    refused: Refused, service: str
) -> None:
    code, hints = REASONS[service]
    end = refused.ends[service]
    assert end.exit_code == code
    lines = [line for line in refused.project.logs(service).splitlines() if line != HELP]
    for line in lines:
        assert all(hint in line for hint in hints), line
    # It may have been tried once more before it was stopped, or in the middle of that.
    assert len(lines) in {end.tries, end.tries + 1}


@pytest.mark.parametrize("service", REASONS)
def test_it_is_tried_again_and_not_in_a_storm(refused: Refused, service: str) -> None:
    assert FEWEST_TRIES <= refused.ends[service].tries <= MOST_TRIES


def test_a_port_of_the_host_that_is_taken_is_dockers_error(images: None, tmp_path: Path) -> None:
    project = ComposeProject("taken", tmp_path)
    with ExitStack() as held:
        held.callback(project.remove)
        taken = held.enter_context(socket.socket(socket.AF_INET, socket.SOCK_DGRAM))
        taken.bind(("127.0.0.1", project.relay_port))
        ended = project.compose("up", "--detach", "--no-build", check=False)
        assert ended.returncode != 0
        assert str(project.relay_port) in ended.stderr
        assert "address already in use" in ended.stderr
        assert not project.inspect("relay")["State"]["Running"]


def test_a_second_relay_on_one_volume_says_so_and_the_first_goes_on(
    images: None, tmp_path: Path
) -> None:
    project = ComposeProject("twice", tmp_path)
    with ExitStack() as held:
        held.callback(project.remove)
        project.up("relay")
        volume = project.inspect("relay")["Mounts"][0]["Name"]
        second = docker(
            *("run", "--rm", "--volume", f"{volume}:/var/lib/softlan", "softlan/relay"),
            *("--listen=0", "--admin=0"),
            check=False,
        )
        assert second.returncode == 1
        assert "another relay uses /var/lib/softlan" in second.stderr
        assert project.inspect("relay")["State"]["Running"]
