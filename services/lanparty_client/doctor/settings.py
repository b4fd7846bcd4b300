"""The settings of `lanparty-client ping`."""

from typing import Annotated

from pydantic import Field

from lanparty_command import CommandSettings, Option
from lanparty_endpoint.interface_name import InterfaceName
from lanparty_endpoint.session_settings import OUTPUT_GROUP, RuntimeDirectoryOption

__all__ = ["PingSettings"]


class PingSettings(CommandSettings):
    """`lanparty-client ping`."""

    player: Annotated[
        str | None,
        Field(
            description="Whom: a name or its beginning, an address, or the number that `status` "
            "shows.",
            max_length=64,
        ),
        Option(metavar="PLAYER", positional=True),
    ] = None
    count: Annotated[
        int | None,
        Field(description="How often.", gt=0, le=100_000),
        Option(metavar="N", short="-c", default_text="until Ctrl-C"),
    ] = None
    interface: Annotated[
        InterfaceName | None,
        Field(description="The session's network interface."),
        Option(metavar="NAME", default_text="the only session's"),
    ] = None
    runtime_dir: RuntimeDirectoryOption = None
    json_: Annotated[
        bool,
        Field(description="Print JSON lines: an object for each echo, and a last one in sum."),
        Option(group=OUTPUT_GROUP),
    ] = False
