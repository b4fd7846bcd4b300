"""The gateway in its container: one right and no more, on a LAN of Docker's making."""

import json
import os
import signal
from collections.abc import Iterator
from typing import Any

import pytest
from compose_project import ComposeProject
from docker_command import docker
from waiting import wait_until

pytestmark = [pytest.mark.slow, pytest.mark.timeout(240, func_only=True)]

GATEWAY = "e2e-gateway"
USER = 10001
MEBIBYTE = 1 << 20
NET_RAW = 1 << 13  # include/uapi/linux/capability.h
HEALTHY_LIMIT = 60.0
TRIES_LIMIT = 60.0
WATCHED_TRIES = 3

STATUS = """
import json
lines = (line.split(":", 1) for line in open("/proc/1/status"))
print(json.dumps({key: value.split() for key, value in lines}))
"""

REFUSED = {
    "no-right": (1, ("CAP_NET_RAW",)),
    "no-new-privileges": (1, ("CAP_NET_RAW",)),
    "no-relay": (2, ("LANPARTY_",)),
    "no-interface": (1, ("slnone0",)),
}
HINT = "Try: lanparty-gateway"


@pytest.fixture(scope="module")
def running(compose: ComposeProject) -> ComposeProject:
    compose.up_healthy(GATEWAY, "lan-host")
    wait_healthy(compose)
    return compose


def wait_healthy(project: ComposeProject, service: str = GATEWAY) -> None:
    wait_until(
        lambda: project.inspect(service)["State"]["Health"]["Status"] == "healthy",
        "the gateway is healthy",
        limit=HEALTHY_LIMIT,
    )


def test_it_is_in_its_room(running: ComposeProject) -> None:
    said = json.loads(running.execute(GATEWAY, "lanparty-gateway", "status", "--json"))
    assert "joined" in json.dumps(said)


def test_its_user_has_one_right_and_may_get_no_other(running: ComposeProject) -> None:
    status = json.loads(running.execute(GATEWAY, "python3", "-c", STATUS))
    assert set(map(int, status["Uid"] + status["Gid"])) == {USER}
    rights = {name: int(status[name][0], 16) for name in status if name.startswith("Cap")}
    assert rights["CapPrm"] == rights["CapBnd"] == NET_RAW
    assert rights["CapInh"] == rights["CapAmb"] == 0
    assert rights["CapEff"] in (0, NET_RAW)


@pytest.mark.parametrize("user", [USER, 0])
def test_the_root_file_system_can_only_be_read(running: ComposeProject, user: int) -> None:
    marks = [f"{folder}/mark" for folder in ("", "/etc", "/opt", "/tmp", "/usr/bin")]
    touch = ("exec", f"--user={user}", running.container(GATEWAY), "touch", *marks)
    answers = docker(*touch, check=False).stderr.splitlines()
    assert len(answers) == len(marks)
    assert all(answer.endswith("Read-only file system") for answer in answers)


def test_docker_grants_it_the_network_of_the_host_and_nothing_else(
    running: ComposeProject,
) -> None:
    host = running.inspect(GATEWAY)["HostConfig"]
    assert host["NetworkMode"] == "host"
    assert host["ReadonlyRootfs"]
    assert host["CapDrop"] == ["ALL"]
    assert [name.removeprefix("CAP_") for name in host["CapAdd"]] == ["NET_RAW"]
    assert not host["SecurityOpt"]
    assert not host["Privileged"]
    for namespace in ("PidMode", "IpcMode", "UsernsMode", "UTSMode"):
        assert host[namespace] != "host"
    assert not host["Devices"]
    assert host["Memory"] == 256 * MEBIBYTE
    assert host["PidsLimit"] == 256
    assert host["RestartPolicy"]["Name"] == "unless-stopped"


def test_killed_it_comes_back_by_itself(running: ComposeProject) -> None:
    before = running.inspect(GATEWAY)
    # `docker kill` would count as a wish that it stays away.
    os.kill(before["State"]["Pid"], signal.SIGKILL)
    wait_until(
        lambda: running.inspect(GATEWAY)["RestartCount"] > before["RestartCount"],
        "it is started again",
        limit=HEALTHY_LIMIT,
    )
    wait_healthy(running)


def test_stopping_leaves_the_room(running: ComposeProject) -> None:
    running.compose("--profile=*", "stop", GATEWAY)
    assert running.inspect(GATEWAY)["State"]["ExitCode"] == 0
    wait_until(
        lambda: not running.ask("/api/v1/rooms")["rooms"], "its room is gone", limit=HEALTHY_LIMIT
    )
    running.up_healthy(GATEWAY)
    wait_healthy(running)


def test_an_operators_gateway_has_its_settings_from_env_and_says_the_invite(
    running: ComposeProject,
) -> None:
    pin = running.ask("/api/v1/relay")["pin"]
    running.compose("--profile=*", "stop", GATEWAY)  # two on one LAN wouldn't both bridge
    running.configure(
        {
            "LANPARTY_INTERFACE": running.lan_bridge,
            "LANPARTY_RELAY": f"127.0.0.1:{running.relay_port}",
            "LANPARTY_PIN": pin,
        }
    )
    running.up("gateway")
    wait_healthy(running, "gateway")
    assert "softlan://127.0.0.1" in running.logs("gateway")
    running.compose("--profile=*", "stop", "gateway")
    assert running.inspect("gateway")["State"]["ExitCode"] == 0


@pytest.fixture(scope="module")
def refused(
    running: ComposeProject, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[dict[str, tuple[dict[str, Any], str]]]:
    """Gateways that can't start, each after some tries: what Docker says of it, and its log."""
    project = ComposeProject("no-gateway", tmp_path_factory.mktemp("no"), overlay="gateway.yaml")
    try:
        project.up_healthy("lan-host", *REFUSED)
        yield {service: _after_some_tries(project, service) for service in REFUSED}
    finally:
        project.remove()


def _after_some_tries(project: ComposeProject, service: str) -> tuple[dict[str, Any], str]:
    def waits() -> dict[str, Any] | None:
        seen = project.inspect(service)
        enough = seen["RestartCount"] >= WATCHED_TRIES and seen["State"]["Restarting"]
        return seen if enough else None

    seen = wait_until(waits, f"{service} was tried some times", limit=TRIES_LIMIT)
    assert seen is not None
    return seen, project.logs(service)


@pytest.mark.parametrize("service", REFUSED)
def test_what_is_missing_is_said_in_a_line_at_each_try(
    refused: dict[str, tuple[dict[str, Any], str]], service: str
) -> None:
    code, hints = REFUSED[service]
    seen, log = refused[service]
    assert seen["State"]["ExitCode"] == code, log
    lines = [line for line in log.splitlines() if not line.startswith(HINT)]
    told = [line for line in lines if all(hint in line for hint in hints)]
    assert len(told) >= WATCHED_TRIES, log
    assert "Traceback" not in log
