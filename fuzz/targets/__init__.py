"""One module for each fuzz target; each has a `TARGET`."""

from importlib import import_module
from typing import Final

from target import Target

__all__ = ["NAMES", "load"]

NAMES: Final = (
    "control_framing",
    "datagrams",
    "reassembly",
    "ethernet",
    "endpoint_session",
    "gateway_bridge",
    "player_addressing",
    "relay_sessions",
    "udp_entry",
    "quic_session",
)


def load(name: str) -> Target:
    """Import one target."""
    target: Target = import_module(f"targets.{name}").TARGET
    return target
