"""The settings of `lanparty-client doctor` and `ping`."""

from typing import Annotated

from pydantic import Field, PlainValidator

from lanparty_client.settings import RuntimeDirectory
from lanparty_client.wish import InterfaceName
from lanparty_client_core.join import KnownRelay
from lanparty_command import CommandFailed, CommandSettings, ExitCode, Option, Relay
from lanparty_endpoint.invite import Invite
from lanparty_endpoint.settings import OUTPUT_GROUP, OutputSettings
from lanparty_endpoint.trust import (
    RELAY_GROUP,
    CaFileOption,
    PinFileOption,
    PinOption,
    trust_of,
)

__all__ = ["DoctorSettings", "PingSettings"]


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
    runtime_dir: RuntimeDirectory = None
    json_: Annotated[
        bool,
        Field(description="Print JSON lines: an object for each echo, and a last one in sum."),
        Option(group=OUTPUT_GROUP),
    ] = False


def _read_invite(value: object) -> Invite:
    return value if isinstance(value, Invite) else Invite.parse(str(value))


class DoctorSettings(OutputSettings):
    """`lanparty-client doctor`."""

    invite: Annotated[
        Annotated[Invite, PlainValidator(_read_invite)] | None,
        Field(description="The invite that a friend gave you, if no session runs."),
        Option(metavar="INVITE", positional=True),
    ] = None
    relay: Annotated[
        Relay | None,
        Field(description="The relay to look at."),
        Option(metavar="HOST[:PORT]", group=RELAY_GROUP, default_text="the running session's"),
    ] = None
    pin: PinOption = None
    pin_file: PinFileOption = None
    ca_file: CaFileOption = None
    connect_timeout: Annotated[
        float,
        Field(description="How long the relay may take to answer.", gt=0, le=300),
        Option(metavar="SECONDS", group=RELAY_GROUP),
    ] = 10.0
    interface: Annotated[
        InterfaceName | None,
        Field(description="The network interface of the session to look at."),
        Option(metavar="NAME", default_text="the only session's"),
    ] = None
    runtime_dir: RuntimeDirectory = None

    def given_relay(self) -> KnownRelay | None:
        """Return the relay that the options name, if they do; raise `CommandFailed`."""
        address = self.relay
        pin = self.pin
        if self.invite is not None:
            if address is not None:
                raise CommandFailed(
                    "The invite names a relay already: leave out --relay.", exit_code=ExitCode.USAGE
                )
            address, pin = self.invite.relay, self.invite.pin or pin
        if address is None:
            return None
        trust = trust_of(pin=pin, pin_file=self.pin_file, ca_file=self.ca_file)
        return KnownRelay(address, trust, self.connect_timeout)
