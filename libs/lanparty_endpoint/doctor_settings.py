"""The settings of a doctor: which relay and which session it looks at."""

from typing import Annotated

from pydantic import Field

from lanparty_client_core.join import KnownRelay
from lanparty_command import CommandFailed, ExitCode, Option, Relay
from lanparty_endpoint.interface_name import InterfaceName
from lanparty_endpoint.joining_settings import GivenInvite
from lanparty_endpoint.session_settings import OutputSettings, RuntimeDirectoryOption
from lanparty_endpoint.trust import (
    RELAY_GROUP,
    CaFileOption,
    ConnectTimeoutOption,
    PinFileOption,
    PinOption,
    trust_of,
)

__all__ = ["ExaminedRelaySettings"]


class ExaminedRelaySettings(OutputSettings):
    """`doctor` of an endpoint's program."""

    invite: Annotated[
        GivenInvite | None,
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
    connect_timeout: ConnectTimeoutOption = 10.0
    interface: Annotated[
        InterfaceName | None,
        Field(description="The network interface of the session to look at."),
        Option(metavar="NAME", default_text="the only session's"),
    ] = None
    runtime_dir: RuntimeDirectoryOption = None

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
