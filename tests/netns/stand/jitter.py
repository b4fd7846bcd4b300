"""A way to the relay on which packets take their own time: the proxy on a machine of its own."""

import sys
from ipaddress import IPv4Address
from pathlib import Path
from typing import Final

from network import RELAY_ADDRESS, Network
from programs import Program

__all__ = ["PROXY_ADDRESS", "start_proxy"]

PROXY_ADDRESS: Final = "198.51.100.200"
_SEED: Final = 7
_START_LIMIT: Final = 10.0


def start_proxy(network: Network, *, least: int, most: int, port: int = 443) -> Program:
    """Forward PROXY_ADDRESS to the relay's machine; each packet takes `least` to `most` ms."""
    machine = network.add_machine("proxy", IPv4Address(PROXY_ADDRESS))
    program = machine.start(
        *(sys.executable, Path(__file__).with_name("udp_proxy.py")),
        *(PROXY_ADDRESS, RELAY_ADDRESS, str(port), str(least), str(most), str(_SEED)),
        log=network.folder / "proxy.log",
    )
    program.wait_for_text("listening", limit=_START_LIMIT)
    return program
