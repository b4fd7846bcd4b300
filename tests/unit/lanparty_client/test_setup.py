from configparser import ConfigParser
from pathlib import Path

from lanparty_client.setup import out_of_reach
from lanparty_client.unit import UNIT_NAME, files_to_install

ROOT = Path(__file__).parents[3]
COMMAND = Path("/opt/softlan/bin/lanparty-client")


def unit() -> ConfigParser:
    parser = ConfigParser(interpolation=None)
    parser.optionxform = str  # type: ignore[assignment,method-assign]  # as its documentation says
    [file] = [file for file in files_to_install(COMMAND) if file.path.name == UNIT_NAME]
    parser.read_string(file.text)
    return parser


def test_the_service_has_one_capability_and_no_way_to_more() -> None:
    service = unit()["Service"]
    assert service["AmbientCapabilities"] == "CAP_NET_ADMIN"
    assert service["CapabilityBoundingSet"] == "CAP_NET_ADMIN"
    assert service["NoNewPrivileges"] == "yes"
    assert service["ProtectSystem"] == "strict"
    assert service["DeviceAllow"] == "/dev/net/tun rw"
    assert service["User"] == "softlan"


def test_the_service_runs_the_command_that_set_it_up() -> None:
    assert unit()["Service"]["ExecStart"].startswith(f"{COMMAND} serve --state-dir ")


def test_its_directories_are_those_that_it_is_told() -> None:
    service = unit()["Service"]
    assert f"/var/lib/{service['StateDirectory']}" in service["ExecStart"]
    assert f"/run/{service['RuntimeDirectory']}" in service["ExecStart"]


def test_what_manages_networks_is_told_to_leave_the_interface_alone() -> None:
    texts = {str(file.path): file.text for file in files_to_install(COMMAND)}
    assert any("NetworkManager" in path and "lan0" in text for path, text in texts.items())
    assert any("systemd/network" in path and "lan0" in text for path, text in texts.items())


def test_a_command_in_a_home_is_out_of_the_services_reach() -> None:
    found = out_of_reach([Path("/usr/bin/env"), Path("/home/ann/.local/bin/lanparty-client")])
    assert found is not None
    assert found.is_relative_to("/home")


def test_a_command_behind_a_closed_door_is_out_of_reach(tmp_path: Path) -> None:
    tmp_path.chmod(0o755)
    command = tmp_path / "closed" / "lanparty-client"
    command.parent.mkdir()
    command.write_text("")
    command.chmod(0o755)
    command.parent.chmod(0o700)
    found = out_of_reach([command])
    assert found is not None
    assert command.is_relative_to(found)


def test_a_command_for_everybody_is_within_reach() -> None:
    assert out_of_reach([Path("/usr/bin/env"), Path("/etc/passwd")]) is None


def test_the_example_in_the_documents_is_what_is_installed() -> None:
    [file] = [file for file in files_to_install(COMMAND) if file.path.name == UNIT_NAME]
    assert (ROOT / "docs" / UNIT_NAME).read_text() == file.text
