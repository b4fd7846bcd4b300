"""A relay that can't start: one clear line each time, and no storm of restarts."""

import json
import socket
import subprocess
import time
from collections.abc import Iterator
from contextlib import ExitStack, closing
from pathlib import Path

import pytest
from compose_project import ComposeProject
from docker_command import docker

pytestmark = [pytest.mark.slow, pytest.mark.timeout(180, func_only=True)]

WATCHED_SECONDS = 12.0
FEWEST_ENDS = 3
MOST_ENDS = 9
"""Docker waits 0.1 s before it starts a container again, then ever twice as long: in 10 s seven."""

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


class Refused:
    """Every relay that can't start, after some seconds of trying; they try no more."""

    def __init__(self, folder: Path) -> None:
        self.certificates = folder / "certificates"
        self.certificates.mkdir(mode=0o755)
        (self.certificates / "cert.pem").write_text("no certificate\n")
        self._events = folder / "events.jsonl"
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
        """Let them try, and record how each try ends."""
        now = time.time()
        label = f"label=com.docker.compose.project={self.project.name}"
        period = (f"--since={now}", f"--until={now + WATCHED_SECONDS}")
        watch = ["docker", "events", "--filter=event=die", "--filter", label, *period]
        with self._events.open("wb") as file:
            watching = subprocess.Popen(
                [*watch, "--format={{json .Actor.Attributes}}"], stdout=file
            )
            with watching:
                self.project.up(*REASONS)
        self.project.compose("stop", *REASONS)

    def exit_codes(self, service: str) -> list[int]:
        """Return with what each try ended, in order."""
        ends = [json.loads(line) for line in self._events.read_text().splitlines()]
        own = [end for end in ends if end["com.docker.compose.service"] == service]
        return [int(end["exitCode"]) for end in own]

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
    ends = refused.exit_codes(service)
    assert set(ends) == {code}
    lines = [line for line in refused.project.logs(service).splitlines() if line != HELP]
    for line in lines:
        assert all(hint in line for hint in hints), line
    assert len(lines) in {len(ends), len(ends) + 1}  # the last try may have ended unwatched


@pytest.mark.parametrize("service", REASONS)
def test_it_is_tried_again_and_not_in_a_storm(refused: Refused, service: str) -> None:
    assert FEWEST_ENDS <= len(refused.exit_codes(service)) <= MOST_ENDS


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
