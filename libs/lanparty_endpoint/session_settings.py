"""The settings of commands that ask a running session, and how every command prints.

A container's health check is one of them and runs often: nothing is loaded here that dials.
"""

from pathlib import Path
from typing import Annotated, Final

from pydantic import Field

from lanparty_command import CommandSettings, Option
from lanparty_endpoint.interface_name import InterfaceName

__all__ = [
    "FILES_GROUP",
    "OUTPUT_GROUP",
    "OutputSettings",
    "ReportSettings",
    "RuntimeDirectoryOption",
    "SessionSettings",
]

FILES_GROUP: Final = "files"
OUTPUT_GROUP: Final = "output"
"""Headings in the help."""

RuntimeDirectoryOption = Annotated[
    Path | None,
    Field(description="Directory for the sockets by which running sessions are asked."),
    Option(
        metavar="DIR", group=FILES_GROUP, default_text="/run/softlan, or $XDG_RUNTIME_DIR/softlan"
    ),
]


class OutputSettings(CommandSettings):
    """How to print."""

    json_: Annotated[
        bool,
        Field(description="Print one JSON document, for programs."),
        Option(group=OUTPUT_GROUP),
    ] = False
    quiet: Annotated[
        bool,
        Field(description="Print only what matters."),
        Option(short="-q", group=OUTPUT_GROUP),
    ] = False


class SessionSettings(OutputSettings):
    """What a command needs that asks a running session."""

    interface: Annotated[
        InterfaceName | None,
        Field(description="The session's network interface."),
        Option(metavar="NAME", default_text="every session"),
    ] = None
    runtime_dir: RuntimeDirectoryOption = None


class ReportSettings(SessionSettings):
    """`report` of an endpoint's program."""

    output: Annotated[
        Path | None,
        Field(description="Where to write it; - for the standard output."),
        Option(
            metavar="FILE", group=FILES_GROUP, default_text="softlan-report-DATE-TIME.json here"
        ),
    ] = None
