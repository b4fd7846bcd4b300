"""What a container of softlan may do: nothing but its work. And what one can see of its secrets."""

import json
from pathlib import Path
from typing import Any

import pytest
from compose_project import ComposeProject
from docker_command import docker
from simulated_player import simulated_player

pytestmark = [pytest.mark.slow, pytest.mark.timeout(180, func_only=True)]

USER = 10001
MEBIBYTE = 1 << 20
SERVICES = ("relay", "bystander-1", "prometheus")
SHELLS = {"sh", "bash", "dash", "ash", "busybox"}

# Runs beside what it looks at, among the same processes and as the same user.
LOOK = """
import json, os, pathlib
seen = []
for folder in pathlib.Path("/proc").iterdir():
    if not folder.name.isdigit() or int(folder.name) == os.getpid():
        continue
    try:
        status = dict(line.split(":", 1) for line in (folder / "status").read_text().splitlines())
        if status["Name"].strip().startswith("runc:"):
            continue  # Docker's own, on its way to become a health check
        command = (folder / "cmdline").read_bytes().decode().split("\\0")[:-1]
        environment = (folder / "environ").read_bytes().decode()
    except (FileNotFoundError, ProcessLookupError):
        continue
    seen.append({
        "number": int(folder.name),
        "name": status["Name"].strip(),
        "users": [int(user) for user in status["Uid"].split() + status["Gid"].split()],
        "capabilities": {name: int(status[name], 16) for name in status if name.startswith("Cap")},
        "no_new_privileges": int(status["NoNewPrivs"]),
        "command": command,
        "environment": environment,
    })
print(json.dumps(seen))
"""
SECRETS = """
import pathlib
print((pathlib.Path("/var/lib/softlan") / "admin-token").read_text().strip())
print("".join((pathlib.Path("/var/lib/softlan") / "relay-key.pem").read_text().split("\\n")[1:-2]))
"""


@pytest.fixture(scope="module")
def running(compose: ComposeProject) -> ComposeProject:
    compose.up_healthy("bystander-1", "prometheus")
    return compose


@pytest.fixture(params=SERVICES)
def service(request: pytest.FixtureRequest) -> str:
    assert isinstance(request.param, str)
    return request.param


def processes_of(running: ComposeProject, service: str) -> list[dict[str, Any]]:
    beside = (f"--pid=container:{running.container(service)}", "--entrypoint=python3")
    seen = json.loads(docker("run", "--rm", *beside, "softlan/sim", "-c", LOOK).stdout)
    assert isinstance(seen, list)
    return seen


def test_every_process_has_the_one_user_no_capability_and_no_way_to_more(
    running: ComposeProject, service: str
) -> None:
    processes = processes_of(running, service)
    assert 1 in {process["number"] for process in processes}
    if service == "relay":
        assert any("lanparty_relay.admin" in process["command"] for process in processes)
    for process in processes:
        assert set(process["users"]) == {USER}
        assert set(process["capabilities"]) >= {"CapEff", "CapPrm", "CapInh", "CapBnd", "CapAmb"}
        assert not any(process["capabilities"].values()), process
        assert process["no_new_privileges"] == 1


def test_no_shell_runs(running: ComposeProject, service: str) -> None:
    for process in processes_of(running, service):
        assert process["name"] not in SHELLS
        assert not SHELLS & {Path(word).name for word in process["command"][:1]}


@pytest.mark.parametrize("user", [USER, 0])
def test_the_root_file_system_can_only_be_read(
    running: ComposeProject, service: str, user: int
) -> None:
    marks = [f"{folder}/mark" for folder in ("", "/etc", "/opt", "/tmp", "/home", "/usr/bin")]
    touch = ("exec", f"--user={user}", running.container(service), "touch", *marks)
    answers = docker(*touch, check=False).stderr.splitlines()
    assert len(answers) == len(marks)
    for mark, answer in zip(marks, answers, strict=True):
        assert mark in answer
        assert answer.endswith("Read-only file system")


def test_docker_holds_it_for_unprivileged(running: ComposeProject, service: str) -> None:
    host = running.inspect(service)["HostConfig"]
    assert host["ReadonlyRootfs"]
    assert host["CapDrop"] == ["ALL"]
    assert not host["CapAdd"]
    assert host["SecurityOpt"] == ["no-new-privileges:true"]
    assert not host["Privileged"]
    for namespace in ("PidMode", "IpcMode", "UsernsMode", "UTSMode", "NetworkMode"):
        assert host[namespace] != "host"
    assert not host["Devices"]


def test_it_can_fill_neither_disk_nor_process_table_and_comes_back(
    running: ComposeProject, service: str
) -> None:
    host = running.inspect(service)["HostConfig"]
    assert host["LogConfig"]["Config"] == {"max-size": "10m", "max-file": "3"}
    assert host["PidsLimit"] == 256
    assert host["RestartPolicy"]["Name"] == "unless-stopped"


def test_what_serves_has_a_limit_of_memory(running: ComposeProject) -> None:
    for service in ("relay", "prometheus"):
        assert running.inspect(service)["HostConfig"]["Memory"] == 512 * MEBIBYTE


def test_only_the_relay_can_write_its_state(running: ComposeProject) -> None:
    mounts = {
        service: {
            (mount["Destination"], mount["RW"]) for mount in running.inspect(service)["Mounts"]
        }
        for service in SERVICES
    }
    assert mounts["relay"] == {("/var/lib/softlan", True)}
    assert mounts["bystander-1"] == {("/run/softlan", False)}
    assert mounts["prometheus"] == {("/run/softlan", False), ("/var/lib/softlan-metrics", True)}


def test_the_admin_api_is_published_on_the_loopback_address_alone(
    running: ComposeProject,
) -> None:
    ports = running.inspect("relay")["NetworkSettings"]["Ports"]
    assert ports["8080/tcp"] == [{"HostIp": "127.0.0.1", "HostPort": str(running.admin_port)}]


def test_no_secret_is_in_a_log_an_environment_a_command_line_or_what_docker_tells(
    running: ComposeProject, tmp_path: Path
) -> None:
    pin = running.ask("/api/v1/relay")["pin"]
    dial = (f"--relay=127.0.0.1:{running.relay_port}", f"--pin={pin}")
    room = ("--room=SECRETS", "--create", f"--state-dir={tmp_path}")
    with simulated_player(tmp_path, *dial, *room) as player:
        player.wait_joined()
        (record,) = (tmp_path / "players").glob("*.json")
        resume_token = json.loads(record.read_text())["token"]
    admin_token, key = running.execute("relay", "python3", "-c", SECRETS).split()
    secrets = {"admin token": admin_token, "key": key, "resume token": resume_token}
    assert all(len(secret) > 20 for secret in secrets.values())
    assert pin in running.logs("relay")  # a search there finds what is there
    for service in SERVICES:
        container = running.container(service)
        shown = {
            "log": running.logs(service),
            "docker inspect": docker("inspect", container).stdout,
            "processes": json.dumps(processes_of(running, service)),
        }
        found = [
            f"{what} in {where} of {service}"
            for where, text in shown.items()
            for what, secret in secrets.items()
            if secret in text
        ]
        assert not found
