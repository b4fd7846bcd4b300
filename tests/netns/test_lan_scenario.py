"""The end-to-end scenario with a real gateway on a home's LAN, and a host of that LAN."""

import re
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
from lan import Lan
from network import Network
from programs import wait_until
from real_gateway import Gateway
from real_relay import Relay

pytestmark = [pytest.mark.slow, pytest.mark.timeout(120, func_only=True)]

SIM = Path(sys.executable).with_name("lanparty-sim")
ROOM = "REALLAN"


def test_every_row_passes_those_of_the_lan_included(
    network: Network, relay: Relay, lan: Lan, gateway: Callable[..., Gateway], tmp_path: Path
) -> None:
    gateway().join(ROOM)
    # Everybody may ping there, as in containers (icmp(7)).
    lan.files.run("sysctl", "-qw", "net.ipv4.ping_group_range=0 2147483647")
    with lan.files.start(SIM, "lan-host", "--interface=eth0", log=tmp_path / "host") as host:
        wait_until(lambda: "as 192.168.50." in host.tail(), "the host serves", limit=10)
        token = network.folder / "relay/state/admin-token"
        said = network.relay.run(
            SIM,
            "e2e",
            *relay.dial_options,
            f"--lan-room={ROOM}",
            "--admin=127.0.0.1:8080",
            f"--admin-token-file={token}",
            check=False,
            limit=90,
        )
    assert re.search(r"^\d+ passed in", said, re.MULTILINE), said
    assert "not on the LAN" in said
