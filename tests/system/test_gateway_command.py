"""What `lanparty-gateway` says before it bridges anything, as processes; no right is needed."""

import json
import os
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path
from types import MappingProxyType

import pytest

GATEWAY = Path(sys.executable).with_name("lanparty-gateway")
CLIENT = Path(sys.executable).with_name("lanparty-client")
COMMANDS = ("status", "leave", "doctor", "report", "preflight", "setup-host", "health")
LIMIT = 30.0


def run(
    *arguments: str,
    directory: Path,
    program: Path = GATEWAY,
    variables: Mapping[str, str] = MappingProxyType({}),
) -> tuple[int, str, str]:
    """Run a command with sockets of its own; return exit code, stdout and stderr."""
    inherited = {name: value for name, value in os.environ.items() if "LANPARTY" not in name}
    own = {"LANPARTY_RUNTIME_DIR": str(directory), "LANPARTY_STATE_DIR": str(directory / "state")}
    done = subprocess.run(
        [program, *arguments],
        capture_output=True,
        text=True,
        timeout=LIMIT,
        check=False,
        env=inherited | own | {"COLUMNS": "100"} | dict(variables),
    )
    assert "Traceback" not in done.stderr
    return done.returncode, done.stdout, done.stderr


def test_the_help_names_every_command_and_exit_code(tmp_path: Path) -> None:
    code, said, _ = run("--help", directory=tmp_path)
    assert code == 0
    for command in COMMANDS:
        assert f"  {command} " in said
    for number in (0, 1, 2, 3, 4, 5, 6, 130, 143):
        assert f"\n    {number} " in said


@pytest.mark.parametrize("command", COMMANDS)
def test_every_command_has_help(tmp_path: Path, command: str) -> None:
    code, said, _ = run(command, "--help", directory=tmp_path)
    assert code == 0
    assert f"lanparty-gateway {command}" in said


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        ((), "Which network interface"),
        (("--interface=eth0",), "Which relay?"),
        (("--interface=eth0", "relay.example"), "an invite looks like softlan://"),
        (("--interface=eth0", "softlan://a/ABCDE", "--relay=b"), "name different ones"),
        (("--interface=../x", "--relay=a"), "--interface"),
        (("--interface=lo", "--relay=a"), "leads to no network of others"),
        (("--interface=eth0", "--relay=a", "--dhcp=room-to-lan"), "--dhcp"),
        (("--interface=eth0", "--relay=a", "--allow-macs=1"), "--allow-macs"),
        (("--interface=eth0", "--relay=a", "--vlan=4095"), "--vlan"),
        (("--interface=eth0", "status"), "Write 'status' first"),
        (("preflight",), "Which network interface"),
        (("doctor",), "which relay?"),
    ],
)
def test_a_mistake_on_the_command_line_is_a_sentence(
    tmp_path: Path, arguments: tuple[str, ...], said: str
) -> None:
    code, _, complained = run(*arguments, directory=tmp_path)
    assert code == 2
    assert said in complained


def test_every_setting_can_come_from_the_environment(tmp_path: Path) -> None:
    variables = {
        "LANPARTY_INTERFACE": "nope0",
        "LANPARTY_RELAY": "127.0.0.1:9",
        "LANPARTY_JSON": "true",
    }
    code, said, _ = run(directory=tmp_path, variables=variables)
    [*_, last] = map(json.loads, said.splitlines())
    assert code == 1
    assert last["event"] == "failed"
    assert last["exit_code"] == 1
    assert "nope0" in last["message"]


@pytest.mark.parametrize("command", ["status", "leave", "health"])
def test_where_no_gateway_runs_there_is_nothing_to_ask(tmp_path: Path, command: str) -> None:
    code, _, complained = run(command, directory=tmp_path)
    assert code == 1
    assert "No gateway runs" in complained


def test_a_containers_check_loads_nothing_that_bridges(tmp_path: Path) -> None:
    asks = "from lanparty_gateway.command import main; main(['health']); import sys; "
    loaded = subprocess.run(
        [sys.executable, "-c", asks + "print(*sys.modules)"],
        capture_output=True,
        text=True,
        timeout=LIMIT,
        check=True,
        env=dict(os.environ) | {"LANPARTY_RUNTIME_DIR": str(tmp_path)},
    ).stdout.split()
    heavy = {"aioquic", "cryptography", "lanparty_gateway.running", "pyroute2", "rich"}
    assert "lanparty_gateway.health" in loaded
    assert heavy.isdisjoint(loaded)


def test_a_report_can_be_written_without_a_gateway(tmp_path: Path) -> None:
    code, said, _ = run("report", "--output=-", directory=tmp_path)
    document = json.loads(said)
    assert code == 0
    assert document["sessions"] == []
    assert "may_read_frames" in document["machine"]


def test_a_preflight_of_an_interface_that_is_not_there_fails_with_a_finding(tmp_path: Path) -> None:
    code, said, _ = run("preflight", "--interface=nope0", "--json", directory=tmp_path)
    checks = {check["check"]: check for check in json.loads(said)["checks"]}
    assert code == 1
    assert checks["interface"]["details"]["finding"] == "no_interface"


def test_gateways_and_players_are_found_apart_in_one_directory(tmp_path: Path) -> None:
    (tmp_path / "gateways").mkdir()
    (tmp_path / "gateways" / "eth0.sock").touch()
    code, _, complained = run("status", directory=tmp_path, program=CLIENT)
    assert code == 1
    assert "in no room" in complained
