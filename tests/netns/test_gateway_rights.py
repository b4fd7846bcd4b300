"""What the gateway needs on its machine: CAP_NET_RAW for an ordinary user, and nothing else."""

import json
from collections.abc import Callable
from pathlib import Path

import pytest
from bridged import ROOM, Bridged
from lan import Lan
from real_client import Client
from real_gateway import GATEWAY_USER, Gateway
from real_relay import Relay

CAP_NET_RAW = 1 << 13
"""linux/capability.h."""
OWN_LAN = "This computer is on the local network that the room's gateway bridges"


def test_it_works_as_an_ordinary_user_with_cap_net_raw_alone(bridged: Bridged) -> None:
    told = Path("/proc", str(bridged.gateway.program.process_id), "status").read_text()
    status = dict(line.split(":\t", 1) for line in told.splitlines() if ":\t" in line)
    assert set(status["Uid"].split()) == {str(GATEWAY_USER)}
    assert int(status["CapBnd"], 16) == CAP_NET_RAW
    assert int(status["CapPrm"], 16) == CAP_NET_RAW
    assert "1 received" in bridged.lan.files.run("ping", "-c1", "-W3", bridged.address)


def test_without_the_capability_it_says_what_is_missing(
    bridged: Bridged, gateway: Callable[..., Gateway], lan: Lan
) -> None:
    helpless = gateway(lan.game)
    program = helpless.start(f"--room={ROOM}", capabilities=())
    code = program.wait_ended(limit=20)
    said = program.text + program.error_text
    assert code == 1
    assert "NET_RAW" in said
    assert "Traceback" not in said


@pytest.mark.timeout(90)
def test_a_computer_of_the_gateways_lan_is_told_that_it_is_there_already(
    bridged: Bridged, relay: Relay, lan: Lan, tmp_path: Path
) -> None:
    guest = Client(lan.add_host("guest"), relay, "guest", tmp_path / "guest")
    guest.machine.run("ping", "-c1", "-W3", lan.router_address)
    try:
        guest.start(f"--room={ROOM}")
        code = guest.program.wait_ended(limit=30)
        assert code != 0
        assert OWN_LAN in guest.program.text + guest.program.error_text
        guest.join(ROOM, "--force")
        guest.program.wait_for(lambda: OWN_LAN in guest.program.text, "it is told", limit=10)
        code, printed = guest.run("doctor", "--json", limit=60)
        (check,) = (one for one in json.loads(printed)["checks"] if one["check"] == "own_lan")
        assert (code, check["outcome"]) == (1, "failed")
        assert OWN_LAN in check["advice"]
    finally:
        guest.close()
