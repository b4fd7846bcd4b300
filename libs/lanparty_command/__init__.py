"""The command line that all softlan programs share: one settings class, flags and variables.

    class JoinSettings(CommandSettings):
        relay: Annotated[Relay, Field(description="Relay to dial.")]
        name: Annotated[str, Field(description="Name shown to others.")] = "player"

    def main() -> int:
        command = Command(settings=JoinSettings, run=join, name="join", summary="Join a room.")
        return run_program(Program(name="lanparty-sim", summary="...", commands=[command]))

Each field is a flag (`--relay`) and a variable (`LANPARTY_RELAY`); a wrong value becomes one
sentence and exit code 2. `run` returns the exit code and raises `CommandFailed` for what a person
can mend.
"""

from lanparty_command.addresses import (
    DEFAULT_RELAY_PORT,
    AddressError,
    ListenAddress,
    RelayAddress,
    join_host_port,
)
from lanparty_command.folding import folded
from lanparty_command.output import abandon_output, output_guarded
from lanparty_command.program import (
    Command,
    CommandFailed,
    ExitCode,
    Program,
    run_program,
    softlan_version,
)
from lanparty_command.settings import (
    CommandSettings,
    Option,
    Relay,
    TcpListen,
    UdpListen,
    environment_variable,
    flag,
)

__all__ = [
    "DEFAULT_RELAY_PORT",
    "AddressError",
    "Command",
    "CommandFailed",
    "CommandSettings",
    "ExitCode",
    "ListenAddress",
    "Option",
    "Program",
    "Relay",
    "RelayAddress",
    "TcpListen",
    "UdpListen",
    "abandon_output",
    "environment_variable",
    "flag",
    "folded",
    "join_host_port",
    "output_guarded",
    "run_program",
    "softlan_version",
]
