"""Where the gateways of this machine can be asked."""

from typing import Final

from lanparty_endpoint.directories import SessionKind

__all__ = ["GATEWAYS"]

GATEWAYS: Final = SessionKind(
    folder="softlan-gateway",
    sessions="gateways",
    none_runs="No gateway runs on this computer. `lanparty-gateway --interface NAME INVITE` "
    "starts one.",
)
