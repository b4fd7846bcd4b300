"""The settings of the commands that ask a running gateway."""

from pathlib import Path
from typing import Annotated, TypeAlias

from pydantic import Field

from lanparty_command import Option
from lanparty_endpoint.session_settings import FILES_GROUP, ReportSettings, SessionSettings

__all__ = ["GatewayReportSettings", "GatewaySessionSettings", "RuntimeDirectory"]

RuntimeDirectory: TypeAlias = Annotated[
    Path | None,
    Field(description="Directory for the sockets by which running gateways are asked."),
    Option(
        metavar="DIR",
        group=FILES_GROUP,
        default_text="/run/softlan-gateway, or $XDG_RUNTIME_DIR/softlan-gateway",
    ),
]


class GatewaySessionSettings(SessionSettings):
    """`lanparty-gateway status`, `leave` and `health`."""

    runtime_dir: RuntimeDirectory = None


class GatewayReportSettings(ReportSettings):
    """`lanparty-gateway report`."""

    runtime_dir: RuntimeDirectory = None
